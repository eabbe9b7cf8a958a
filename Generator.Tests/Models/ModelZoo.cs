using System.Diagnostics;
using Cameo.Generator.Onnx;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Package;
using Xunit;

namespace Cameo.Tests.Models;

/// <summary>
/// Llama-shaped models in the spellings of different exporters, made on demand by the scripts beside the test data: from the story model's checkpoint, so that all say
/// the same, or with random weights of a shape that is asked for. Tests are skipped where the scripts, Python or its packages are absent.
/// </summary>
public sealed class ModelZoo : IDisposable
{
    /// <summary>Spellings of float32 computation: each must give the text that the checkpoint gives.</summary>
    public static readonly string[] Float32Forms =
        ["genai", "genai-rope", "genai-interleaved", "opset23", "opset24-scatter", "opset24-scatter-causal", "primitive"];

    private const string NoCommonText = "";

    private static readonly string[] Pythons = ["/usr/bin/python3", "python3"];
    private static readonly Dictionary<string, string> Environment = [];

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, ModelCompilation> _compilations = new(StringComparer.Ordinal);

    private static string Script { get; } = Path.Combine(TestData.Root, "model-zoo", "make_llama.py");

    /// <summary>The story model in one spelling, compiled; made and compiled once.</summary>
    internal ModelCompilation Stories(string form) => Compile(form, $"stories260K_{form}", NoCommonText, "--ckpt", Path.Combine(TestData.Models, "stories260K", "stories260K.bin"));

    /// <summary>The file of a spelling that <see cref="Stories"/> made.</summary>
    internal string StoriesPath(string form) => _folder.File(Path.Combine($"stories260K_{form}", "model.onnx"));

    /// <summary>A model with random weights.</summary>
    /// <param name="form">The spelling.</param>
    /// <param name="name">A name for this shape.</param>
    /// <param name="dimensions">Bounds of the dimensions, as OnnxDimensions has them.</param>
    /// <param name="shape">Arguments of the script, such as <c>--layers 4</c>.</param>
    internal ModelCompilation Random(string form, string name, string dimensions, params string[] shape) => Compile(form, $"{name}_{form}", dimensions, ["--name", name, .. shape]);

    /// <summary>The graph text of a small decoder with random weights.</summary>
    internal string RandomText(string form, int layers)
    {
        string path = Make(
            form, $"deep{layers}_{form}", "--name", $"deep{layers}", "--vocab", "96", "--hidden", "64", "--layers", $"{layers}", "--heads", "4", "--kv-heads", "2", "--head-dim", "16", "--ffn", "96", "--max-seq", "64");
        ImportResult import = ModelImporter.Import(path, new ImportOptions
        {
            GraphOptions = new Dictionary<string, string> { [GraphOptions.Class] = "Deep", [GraphOptions.Namespace] = "Tests" },
        });
        return import.GraphText ?? throw new InvalidOperationException(string.Join("; ", import.Diagnostics));
    }

    public void Dispose() => _folder.Dispose();

    private ModelCompilation Compile(string form, string folder, string dimensions, params string[] source)
    {
        string key = $"{folder} {dimensions}";
        if (_compilations.TryGetValue(key, out ModelCompilation? compilation))
        {
            return compilation;
        }

        string path = Make(form, folder, source);
        Dictionary<string, string> options = dimensions.Length > 0 ? new() { [GraphOptions.Dimensions] = dimensions } : [];
        string className = $"Zoo{_compilations.Count}_{folder.Replace('-', '_')}";
        compilation = ModelCompilation.Run(folder, path, className, _folder.File($"compiled{_compilations.Count}"), options);
        GeneratedAssembly.Build([compilation]);
        _compilations.Add(key, compilation);
        return compilation;
    }

    /// <summary>The path of a model, made by the first who asks for it.</summary>
    private string Make(string form, string folder, params string[] source)
    {
        string path = _folder.File(Path.Combine(folder, "model.onnx"));
        if (!File.Exists(path))
        {
            Skip.IfNot(File.Exists(Script), $"There is no '{Script}'.");
            DotNetCommand.Execute(FindPython(form), _folder.Path, Environment, [Script, .. source, "--form", form, "--out", _folder.Path]);
        }

        return path;
    }

    private static string FindPython(string form)
    {
        string modules = form == "primitive" ? "numpy, onnx, torch" : "numpy, onnx";
        string? python = Pythons.FirstOrDefault(candidate => HasModules(candidate, modules));
        Skip.If(python is null, $"There is no Python with the packages {modules}.");
        return python!;
    }

    private static bool HasModules(string python, string modules)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(python, ["-c", $"import {modules}"]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
