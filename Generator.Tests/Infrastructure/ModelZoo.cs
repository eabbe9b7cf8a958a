using System.Diagnostics;
using Cameo.Generator.Onnx;
using Xunit;

namespace Cameo.Tests.Infrastructure;

/// <summary>Decoders of any size in the spellings of several exporters, made by the model zoo beside the test data where Python and its ONNX package are installed.</summary>
internal static class ModelZoo
{
    // The system's own Python: packages of the distribution are not seen by others.
    private const string Python = "/usr/bin/python3";

    private static readonly Lazy<string?> Script = new(FindScript);

    /// <summary>Skips the test where no models can be made.</summary>
    public static void Require() => Skip.If(Script.Value is null, "No model zoo beside the test data, or no Python with the package onnx.");

    /// <summary>The graph text of a small decoder.</summary>
    public static string Make(string folder, string form, int layers)
    {
        string name = $"deep{layers}";
        Run(Script.Value!, "--vocab", "96", "--hidden", "64", "--layers", $"{layers}", "--heads", "4", "--kv-heads", "2", "--head-dim", "16", "--ffn", "96", "--max-seq", "64", "--name", name, "--form", form, "--out", folder);
        ImportResult import = ModelImporter.Import(Path.Combine(folder, $"{name}_{form}", "model.onnx"), new ImportOptions
        {
            GraphOptions = new Dictionary<string, string> { [GraphOptions.Class] = "Deep", [GraphOptions.Namespace] = "Tests" },
        });
        return import.GraphText ?? throw new InvalidOperationException(string.Join("; ", import.Diagnostics));
    }

    private static string? FindScript()
    {
        string script = Path.Combine(TestData.Root, "model-zoo", "make_llama.py");
        return File.Exists(script) && File.Exists(Python) && TryRun("-c", "import numpy, onnx") == 0 ? script : null;
    }

    private static void Run(params string[] arguments)
    {
        if (TryRun(arguments) is not 0)
        {
            throw new InvalidOperationException($"{Python} {string.Join(' ', arguments)} failed.");
        }
    }

    private static int TryRun(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Python, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.WaitForExit();
        return process.ExitCode;
    }
}
