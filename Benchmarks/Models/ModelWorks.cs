using System.Runtime.CompilerServices;

namespace Cameo.Benchmarks.Models;

/// <summary>The models that are measured against ONNX Runtime: image nets with random weights, real models of the test data, and random forests.</summary>
internal static class ModelWorks
{
    // To be raised whenever nets of the same name would hold something else.
    private const int Version = 1;

    private const double Float32Tolerance = 1e-3;

    // Quantised nets round activations to 8 bits, where one unit more or less is right.
    private const double QuantizedTolerance = 0.1;

    /// <summary>All models; nets are made by the first call. Empty without the test data.</summary>
    public static ModelWork[] All()
    {
        string data = Environment.GetEnvironmentVariable("CAMEO_TEST_DATA") is { Length: > 0 } given ? given : Path.Combine(Repository(), "..", "shared");
        return [.. Nets(data), .. Real(data), .. Forests()];
    }

    private static IEnumerable<ModelWork> Nets(string data)
    {
        string zip = Path.Combine(data, "onnx-tests", "onnx-light.zip");
        if (!File.Exists(zip))
        {
            return [];
        }

        string folder = BenchmarkFolder.Get(Path.Combine("models", $"nets-{Version}"), folder =>
        {
            Progress.Say("making image nets");
            LightModels.Write(zip, folder);
        });
        return Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal)
            .Select(static path => new ModelWork("image nets", Path.GetFileNameWithoutExtension(path), path, new Dictionary<string, long[]>(), Float32Tolerance));
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

    private static IEnumerable<ModelWork> Forests()
    {
        string folder = BenchmarkFolder.Get(Path.Combine("models", $"forests-{Version}"), ForestModels.Write);
        return new long[] { 1, 1000 }.Select(rows => new ModelWork(
            "decision trees", $"100 trees, {rows} {(rows == 1 ? "row" : "rows")}", Path.Combine(folder, "forest.onnx"), new Dictionary<string, long[]> { ["x"] = [rows, ForestModels.Features] }, Float32Tolerance));
    }

    private static string Repository([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", ".."));
}
