using System.Runtime.CompilerServices;
using Cameo.Benchmarks.Peers;
using Cameo.Vectors;

namespace Cameo.Benchmarks.Models;

/// <summary>The models that are measured against ONNX Runtime: image nets with random weights and real models of the test data.</summary>
internal static class ModelSuite
{
    private const double Float32Tolerance = 1e-3;

    // Quantised nets round activations to 8 bits, where one unit more or less is right.
    private const double QuantizedTolerance = 0.1;

    private static readonly int[] ThreadCounts = [1, 2];

    /// <summary>Measures all models, or those whose names contain one of the arguments.</summary>
    public static void Run(string[] names) => Run(names, static works => ModelComparison.Run(works, ThreadCounts));

    /// <summary>Prints how long each kernel of such models takes.</summary>
    /// <param name="names">Parts of models' names; a number among them is the number of threads.</param>
    public static void Profile(string[] names)
    {
        int threads = names.Select(static name => int.TryParse(name, out int number) ? number : 0).Append(1).First(static number => number > 0);
        Run([.. names.Where(static name => !int.TryParse(name, out _))], works => KernelProfile.Run(works, threads));
    }

    private static void Run(string[] names, Action<IEnumerable<ModelWork>> action)
    {
        string data = Environment.GetEnvironmentVariable("CAMEO_TEST_DATA") is { Length: > 0 } given ? given : Path.Combine(Repository(), "..", "shared");
        string folder = Directory.CreateTempSubdirectory("cameo-models-").FullName;
        try
        {
            Console.WriteLine($"{Environment.ProcessorCount} processors, {VectorWidth.Bits}-bit vectors, ONNX Runtime {OnnxRuntimePackage.Version}; interleaved rounds, each figure as median / fastest round");
            Console.WriteLine();
            ModelWork[] works = [.. Nets(data, folder), .. Real(data)];
            action(works.Where(work => names.Length == 0 || names.Any(name => work.Name.Contains(name, StringComparison.OrdinalIgnoreCase))));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IEnumerable<ModelWork> Nets(string data, string folder)
    {
        string zip = Path.Combine(data, "onnx-tests", "onnx-light.zip");
        return File.Exists(zip)
            ? LightModels.Write(zip, folder).Select(static net => new ModelWork("image nets", net.Name, net.Path, new Dictionary<string, long[]>(), Float32Tolerance))
            : [];
    }

    private static IEnumerable<ModelWork> Real(string data)
    {
        (string Folder, string Input, long[] Shape, double Tolerance)[] models =
        [
            ("ppocr_v4_det", "x", [1, 3, 640, 640], Float32Tolerance),
            ("ppocr_v2_cls", "x", [1, 3, 48, 192], Float32Tolerance),
            ("silero_vad_v5", "input", [1, 512], Float32Tolerance),
            ("micro_kws_static_fp32", "", [], Float32Tolerance),
            ("micro_kws_static_qdq", "", [], QuantizedTolerance),
            ("micro_kws_static_qoperator", "", [], QuantizedTolerance),
            ("mnist_8", "", [], Float32Tolerance),
        ];
        foreach ((string name, string input, long[] shape, double tolerance) in models)
        {
            string path = Path.Combine(data, "models", name, "model.onnx");
            if (File.Exists(path))
            {
                yield return new ModelWork("real models", name, path, new Dictionary<string, long[]> { [input] = shape }, tolerance);
            }
        }
    }

    private static string Repository([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", ".."));
}
