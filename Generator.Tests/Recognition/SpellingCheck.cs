using Cameo.Generator;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Recognition;

/// <summary>Compiles many spellings of one computation, asserts what is recognised in them, and compares their results with a reference in double precision.</summary>
internal sealed class SpellingCheck
{
    private readonly List<(string Name, long[] Shape, object[] Declared)> _inputs = [];

    /// <summary>The model's type; inputs are rounded to it before the reference sees them.</summary>
    public DataType Type { get; init; } = DataType.Float;

    public int Opset { get; init; } = 18;

    public int Variants { get; init; } = 24;

    /// <summary>The recognised pattern; null for spellings that resemble one and must be left alone.</summary>
    public string? Pattern { get; init; }

    /// <summary>For spellings that must be left alone: the pattern that they resemble, and a part of the reason.</summary>
    public (string Pattern, string Reason)? Miss { get; init; }

    /// <summary>How often the pattern must be found.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Allowed difference, in units of max(1, |expected|).</summary>
    public double Tolerance { get; init; } = 2e-6;

    /// <summary>All in one kernel.</summary>
    public bool OneKernel { get; init; }

    /// <summary>More to assert of every result.</summary>
    public Action<CompileResult>? Also { get; init; }

    /// <summary>Adds an input; open sizes have names and are <paramref name="shape"/>'s when the model runs.</summary>
    public SpellingCheck Input(string name, long[] shape, params object[] declared)
    {
        _inputs.Add((name, shape, declared.Length == 0 ? [.. shape.Cast<object>()] : declared));
        return this;
    }

    /// <summary>Writes all variants, compiles them together and checks each.</summary>
    /// <param name="write">Writes the formula and returns its result.</param>
    /// <param name="reference">The result from the inputs by name, in double precision.</param>
    public void Run(Func<Spelling, string> write, Func<IReadOnlyDictionary<string, double[]>, double[]> reference)
    {
        using TemporaryFolder folder = new();
        List<ModelCompilation> models = [];
        for (int seed = 0; seed < Variants; seed++)
        {
            Spelling spelling = new(seed, Opset, Type);
            foreach ((string name, _, object[] declared) in _inputs)
            {
                spelling.Input(name, declared);
            }

            spelling.Builder.Node("Identity", [write(spelling)], ["y"]).Output("y", Type);
            string path = Path.Combine(folder.Path, $"Spelling{seed}.onnx");
            File.WriteAllBytes(path, spelling.Builder.ToBytes());
            ModelCompilation model = ModelCompilation.Run($"Spelling{seed}", path, $"Spelling{seed}", Path.Combine(folder.Path, $"Spelling{seed}"));
            Assert.True(model.HasSources, model.Explain());
            CheckRecognition(model);
            models.Add(model);
        }

        GeneratedAssembly.Build(models);
        Dictionary<string, double[]> values = Values();
        double[] expected = reference(values);
        foreach (ModelCompilation model in models)
        {
            CheckNumbers(model, values, expected);
        }
    }

    private void CheckRecognition(ModelCompilation model)
    {
        CompileResult result = model.Result!;
        string found = $"{model.Name}: recognised {string.Join(", ", result.Recognitions.Select(static recognition => recognition.Pattern))}; " +
            $"missed {string.Join(", ", result.Misses.Select(static miss => $"{miss.Pattern}: {miss.Reason}"))}; kernels {string.Join(", ", result.Kernels.Select(static kernel => kernel.Kind))}";
        if (Pattern is not null)
        {
            Assert.True(result.Recognitions.Count(recognition => recognition.Pattern == Pattern) == Count, found);
            Assert.True(result.Misses.All(miss => miss.Pattern != Pattern), found);
        }

        if (Miss is { } miss)
        {
            Assert.True(result.Recognitions.All(recognition => recognition.Pattern != miss.Pattern), found);
            Assert.True(result.Misses.Any(other => other.Pattern == miss.Pattern && other.Reason.Contains(miss.Reason, StringComparison.Ordinal)), found);
        }

        if (OneKernel)
        {
            Assert.True(result.Kernels.Count == 1, found);
        }

        Also?.Invoke(result);
    }

    private void CheckNumbers(ModelCompilation compilation, Dictionary<string, double[]> values, double[] expected)
    {
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        Tensor result = session.Run(_inputs.ToDictionary(static input => input.Name, input => ToTensor(values[input.Name], input.Shape)))["y"];
        double[] actual = FromTensor(result);
        Assert.Equal(expected.Length, actual.Length);
        for (int index = 0; index < expected.Length; index++)
        {
            Assert.True(
                Math.Abs(actual[index] - expected[index]) <= Tolerance * Math.Max(1, Math.Abs(expected[index])),
                $"{compilation.Name}, element {index}: expected {expected[index]}, got {actual[index]}");
        }
    }

    private Dictionary<string, double[]> Values()
    {
        Random random = new(7);
        return _inputs.ToDictionary(static input => input.Name, input => (double[])[.. Enumerable.Range(0, (int)input.Shape.Aggregate(1L, static (product, size) => product * size))
            .Select(_ => Round((random.NextDouble() * 6) - 3))]);
    }

    private double Round(double value) => Type switch
    {
        DataType.Float => (float)value,
        DataType.Float16 => (double)(Half)value,
        _ => value,
    };

    private Tensor ToTensor(double[] values, long[] shape) => Type switch
    {
        DataType.Float => Tensor.Create([.. values.Select(static value => (float)value)], shape),
        DataType.Float16 => Tensor.Create([.. values.Select(static value => (Half)value)], shape),
        _ => Tensor.Create(values, shape),
    };

    private double[] FromTensor(Tensor tensor) => Type switch
    {
        DataType.Float => [.. tensor.AsSpan<float>().ToArray().Select(static value => (double)value)],
        DataType.Float16 => [.. tensor.AsSpan<Half>().ToArray().Select(static value => (double)value)],
        _ => tensor.AsSpan<double>().ToArray(),
    };
}
