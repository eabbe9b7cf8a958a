using Cameo.Generator;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Recognition;

/// <summary>Spellings of attention: each ends in the canonical node with the right attributes, or is left alone for a stated reason, and gives the right numbers.</summary>
public sealed class AttentionRecognitionTests(AttentionFixture fixture) : IClassFixture<AttentionFixture>
{
    public static TheoryData<string> Names => [.. AttentionCases.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void SpellingIsRecognised(string name)
    {
        AttentionCase current = AttentionCases.All[name];
        ModelCompilation model = fixture.Model(name);
        Assert.True(model.HasSources, model.Explain());
        string[] graph = fixture.Graph(name);
        string[] nodes = [.. graph.Where(static line => line.Contains("= cameo.Attention(", StringComparison.Ordinal))];
        CompileResult result = model.Result!;
        string found = $"{string.Join("\n", result.Misses.Select(static miss => $"missed {miss.Pattern} at {miss.Node}: {miss.Reason}"))}\n{string.Join("\n", graph)}";
        Assert.True(current.Count == nodes.Length, found);
        Assert.True(current.Count == result.Recognitions.Count(static recognition => recognition.Pattern == "attention"), found);
        foreach (string node in nodes)
        {
            Assert.All(current.Has, part => Assert.True(node.Contains(part, StringComparison.Ordinal), $"'{part}' is missing.\n{found}"));
            Assert.All(current.HasNot, part => Assert.False(node.Contains(part, StringComparison.Ordinal), $"'{part}' is there.\n{found}"));
        }

        if (current.Miss is { } miss)
        {
            Assert.True(result.Misses.Any(other => other.Pattern == miss.Pattern && other.Reason.Contains(miss.Reason, StringComparison.Ordinal)), found);
        }
        else
        {
            Assert.True(result.Misses.Count == 0, found);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void SpellingGivesTheRightNumbers(string name)
    {
        AttentionCase current = AttentionCases.All[name];
        ModelCompilation compilation = fixture.Model(name);
        Assert.True(compilation.Type is not null, compilation.Explain());
        Dictionary<string, double[]> values = Values(current);
        double[][] expected = current.Expected(values);
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> outputs = session.Run(current.Inputs.ToDictionary(
            static input => input.Name, input => ToTensor(values[input.Name], input.Type, input.Shape)));
        for (int output = 0; output < expected.Length; output++)
        {
            float[] actual = outputs[$"y{output}"].AsSpan<float>().ToArray();
            Assert.Equal(expected[output].Length, actual.Length);
            for (int index = 0; index < actual.Length; index++)
            {
                double difference = Math.Abs(actual[index] - expected[output][index]);
                Assert.True(
                    difference <= current.Tolerance * Math.Max(1, Math.Abs(expected[output][index])) || (double.IsNaN(expected[output][index]) && float.IsNaN(actual[index])),
                    $"output {output}, element {index}: expected {expected[output][index]}, got {actual[index]}");
            }
        }
    }

    private static Dictionary<string, double[]> Values(AttentionCase current)
    {
        var random = new Random(17);
        return current.Inputs.ToDictionary(static input => input.Name, input => current.Values.TryGetValue(input.Name, out double[]? given)
            ? given
            : [.. Enumerable.Range(0, (int)input.Shape.Aggregate(1L, static (product, size) => product * size)).Select(_ => (double)(float)((random.NextDouble() * 4) - 2))]);
    }

    private static Tensor ToTensor(double[] values, DataType type, long[] shape) => type switch
    {
        DataType.Int64 => Tensor.Create([.. values.Select(static value => (long)value)], shape),
        DataType.Bool => Tensor.Create([.. values.Select(static value => value != 0)], shape),
        _ => Tensor.Create([.. values.Select(static value => (float)value)], shape),
    };
}
