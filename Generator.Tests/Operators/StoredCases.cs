using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Models;

namespace Cameo.Tests.Operators;

/// <summary>
/// Cases of a zip file of the test data: models of one operator with inputs and outputs. All cases of a family are compiled together, run, and compared with the tolerances
/// that the case states, else with those of the family.
/// </summary>
internal sealed class StoredCases(string zip, string folder, double absolute, double relative) : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    /// <summary>Runs the cases whose folder begins with the family's and that <paramref name="select"/> picks; one line for each fault.</summary>
    public (int Cases, IReadOnlyList<string> Faults) Run(Func<string, bool>? select = null)
    {
        string[] names = Extract(select ?? (static _ => true));
        ModelCompilation[] compilations = [.. names.AsParallel().AsOrdered().Select((name, index) =>
            ModelCompilation.Run(name, Path.Combine(_temporary.Path, name, "model.onnx"), string.Create(CultureInfo.InvariantCulture, $"Case{index}"), Path.Combine(_temporary.Path, name, "generated")))];
        GeneratedAssembly.Build(compilations);
        return (names.Length, [.. compilations.SelectMany(Check)]);
    }

    private string[] Extract(Func<string, bool> select)
    {
        using ZipArchive archive = TestData.OpenZip(zip);
        var names = new List<string>();
        foreach (ZipArchiveEntry entry in archive.Entries.Where(entry => entry.Name.Length > 0 && entry.FullName.StartsWith(folder, StringComparison.Ordinal)))
        {
            string path = entry.FullName[(folder.LastIndexOf('/') + 1)..];
            string name = path[..path.IndexOf('/', StringComparison.Ordinal)];
            if (!select(name))
            {
                continue;
            }

            string target = Path.Combine(_temporary.Path, path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            entry.ExtractToFile(target);
            if (entry.Name == "model.onnx")
            {
                names.Add(name);
            }
        }

        return [.. names.Order(StringComparer.Ordinal)];
    }

    private IEnumerable<string> Check(ModelCompilation compilation)
    {
        if (compilation.Type is null)
        {
            return [compilation.Explain()];
        }

        var signature = ModelSignature.Read(compilation.GraphText!);
        string data = Path.Combine(_temporary.Path, compilation.Name, "test_data_set_0");
        try
        {
            using CompiledModel model = compilation.CreateModel();
            using CompiledSession session = model.CreateSession();
            IReadOnlyDictionary<string, Tensor> outputs = session.Run(Read(data, "input_", signature.Inputs));
            return [.. Read(data, "output_", signature.Outputs).Select((expected, index) => Compare(compilation.Name, expected.Key, index, outputs[expected.Key], expected.Value)).OfType<string>()];
        }
        catch (Exception exception) when (exception is not InvalidCastException)
        {
            return [$"{compilation.Name}: {exception}"];
        }
    }

    private static Dictionary<string, Tensor> Read(string data, string prefix, IReadOnlyList<string> names)
    {
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        for (int index = 0; index < names.Count; index++)
        {
            string path = Path.Combine(data, string.Create(CultureInfo.InvariantCulture, $"{prefix}{index}.pb"));
            tensors.Add(names[index], StoredTensors.ToTensor(TensorProtoReader.ReadFile(path)));
        }

        return tensors;
    }

    private string? Compare(string name, string output, int index, Tensor actual, Tensor expected)
    {
        if (actual.ElementType != expected.ElementType || !actual.Shape.SequenceEqual(expected.Shape))
        {
            return $"{name}: '{output}' is {actual} instead of {expected}";
        }

        (double atol, double rtol) = Tolerance(name, index, expected.ElementType);
        double[] a = Numbers(actual), e = Numbers(expected);
        for (int element = 0; element < e.Length; element++)
        {
            bool same = a[element].Equals(e[element]) || Math.Abs(a[element] - e[element]) <= atol + (rtol * Math.Abs(e[element]));
            if (!same)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{name}: element {element} of '{output}' is {a[element]:G9} instead of {e[element]:G9} (tolerance {atol:G3} + {rtol:G3} relative)");
            }
        }

        return null;
    }

    /// <summary>What the case states, else the defaults of the family; narrow types have their own.</summary>
    private (double Absolute, double Relative) Tolerance(string name, int index, ElementType type)
    {
        (double atol, double rtol) = type switch
        {
            // What ONNX Runtime's own tests allow.
            ElementType.Float16 => (2.5e-3, 1e-3),
            ElementType.BFloat16 => (2e-2, 1e-2),
            not (ElementType.Float32 or ElementType.Float64) => (0, 0),
            _ => (absolute, relative),
        };
        string path = Path.Combine(_temporary.Path, name, "validation.json");
        if (File.Exists(path))
        {
            using var document = JsonDocument.Parse(File.ReadAllText(path));
            JsonElement output = document.RootElement.GetProperty("outputs")[index];
            atol = Number(output, "absolute_error") ?? atol;
            rtol = Number(output, "relative_error") ?? rtol;
        }

        return (atol, rtol);
    }

    private static double? Number(JsonElement element, string property) =>
        element.TryGetProperty(property, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private static double[] Numbers(Tensor tensor) => tensor.ElementType switch
    {
        ElementType.Float32 => [.. tensor.AsSpan<float>().ToArray().Select(static x => (double)x)],
        ElementType.Float16 => [.. tensor.AsSpan<Half>().ToArray().Select(static x => (double)x)],
        ElementType.Int8 or ElementType.Int4 or ElementType.Int2 => [.. tensor.Bytes.ToArray().Select(static x => (double)unchecked((sbyte)x))],
        ElementType.UInt8 or ElementType.UInt4 or ElementType.UInt2 => [.. tensor.Bytes.ToArray().Select(static x => (double)x)],
        ElementType.Int16 => [.. tensor.AsSpan<short>().ToArray().Select(static x => (double)x)],
        ElementType.UInt16 => [.. tensor.AsSpan<ushort>().ToArray().Select(static x => (double)x)],
        ElementType.Int32 => [.. tensor.AsSpan<int>().ToArray().Select(static x => (double)x)],
        ElementType.Int64 => [.. tensor.AsSpan<long>().ToArray().Select(static x => (double)x)],
        _ => throw new InvalidCastException($"Outputs of type {tensor.ElementType} are not compared."),
    };
}
