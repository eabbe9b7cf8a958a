using System.Reflection;
using Cameo.Generator;
using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;
using Cameo.Generator.Onnx;
using Cameo.Generator.Packing;
using Cameo.Sessions;

namespace Cameo.Tests.Compilation;

/// <summary>A model on its way through import, compiler, packing and C# compiler, and what became of it.</summary>
internal sealed class ModelCompilation
{
    public const string Namespace = "Cameo.Tests.Generated";

    // A model of the suite takes a second or two; what takes this long will never end.
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(5);

    private List<string>? _sharpErrors;

    private readonly byte[]? _content;

    private ModelCompilation(string name, string path, string folder, byte[]? content = null)
    {
        Name = name;
        Path = path;
        Folder = folder;
        _content = content;
    }

    public string Name { get; }

    /// <summary>The .onnx file; empty for a model in memory.</summary>
    public string Path { get; }

    /// <summary>Where the generated files stand.</summary>
    public string Folder { get; }

    public string? GraphText { get; private set; }

    public CompileResult? Result { get; private set; }

    public string? WeightsPath { get; private set; }

    /// <summary>Id and message of the error with which import or compiler refused the model; null if they did not.</summary>
    public (string Id, string Message)? Refusal { get; private set; }

    /// <summary>What went wrong in another way: faults of the project, wherever they lie.</summary>
    public string? Fault { get; private set; }

    /// <summary>Warnings of the C# compiler.</summary>
    public List<string> SharpWarnings { get; } = [];

    /// <summary>The generated class.</summary>
    public Type? Type { get; private set; }

    public bool HasSources => Result is { Succeeded: true } && Fault is null;

    /// <summary>Imports, compiles and packs. Never throws: what goes wrong is kept.</summary>
    public static ModelCompilation Run(string name, string path, string className, string folder, IReadOnlyDictionary<string, string>? options = null)
        => Run(new ModelCompilation(name, path, folder), className, options);

    /// <summary>The same for a model in memory; of what is generated only weights are written to the folder.</summary>
    public static ModelCompilation Run(string name, byte[] content, string className, string folder, IReadOnlyDictionary<string, string>? options = null)
        => Run(new ModelCompilation(name, "", folder, content), className, options);

    private static ModelCompilation Run(ModelCompilation compilation, string className, IReadOnlyDictionary<string, string>? options)
    {
        try
        {
            compilation.Run(className, options ?? new Dictionary<string, string>());
        }
        catch (Exception exception)
        {
            compilation.Fault = exception.ToString();
        }

        return compilation;
    }

    /// <summary>Loads the model with its packed weights, or with the ones given.</summary>
    public CompiledModel CreateModel(int? threads = null, string? weightsPath = null)
    {
        if (Type is null)
        {
            throw new InvalidOperationException(Explain());
        }

        ModelOptions options = new() { WeightsPath = weightsPath ?? WeightsPath, Threads = threads };
        return (CompiledModel)Activator.CreateInstance(Type, BindingFlags.Public | BindingFlags.Instance | BindingFlags.DoNotWrapExceptions, null, [options], null)!;
    }

    /// <summary>Why there is no class, for messages.</summary>
    public string Explain()
    {
        string reason = Refusal is { } refusal ? $"{refusal.Id}: {refusal.Message}"
            : _sharpErrors is { Count: > 0 } errors ? $"The generated code does not compile:\n{string.Join("\n", errors.Take(20))}"
            : Fault ?? "It compiled.";
        return $"{Name}: {reason}\nGenerated files: {Folder}";
    }

    public void AddSharpErrors(IEnumerable<string> errors)
    {
        _sharpErrors ??= [];
        _sharpErrors.AddRange(errors);
        Fault = "The generated code does not compile.";
    }

    public void Complete(Type type) => Type = type;

    public void Fail(string fault) => Fault ??= fault;

    private void Run(string className, IReadOnlyDictionary<string, string> options)
    {
        Dictionary<string, string> graphOptions = new(options) { [GraphOptions.Class] = className, [GraphOptions.Namespace] = Namespace };
        ImportOptions importOptions = new() { GraphOptions = graphOptions };
        ImportResult import = _content is null ? ModelImporter.Import(Path, importOptions) : ModelImporter.Import(new MemoryStream(_content, writable: false), null, importOptions);
        if (!import.Succeeded)
        {
            ImportDiagnostic error = import.Diagnostics.First(static diagnostic => diagnostic.Severity == ImportDiagnosticSeverity.Error);
            Refusal = (error.Id, error.Message);
            return;
        }

        GraphText = import.GraphText!;
        using CancellationTokenSource limit = new(TimeLimit);
        Result = ModelCompiler.Compile(GraphText, new CompileSettings { Validate = true, DumpStages = GeneratedDump.IsWanted }, limit.Token);
        if (_content is null || GeneratedDump.IsWanted)
        {
            WriteFiles(Result);
        }

        if (!Result.Succeeded)
        {
            DiagnosticInfo error = Result.Diagnostics.First(static diagnostic => diagnostic.Severity == DiagnosticLevel.Error);
            Refusal = (error.Id, error.Message);
            return;
        }

        if (Result.Recipe is { } recipe)
        {
            WeightsPath = System.IO.Path.Combine(Folder, Result.WeightsFileName);
            Pack(recipe, WeightsPath, import.WeightIndex!, limit.Token);
        }
    }

    private void Pack(WeightRecipe recipe, string path, WeightIndex index, CancellationToken cancellationToken)
    {
        if (_content is not null)
        {
            new WeightPacker(new ImportedTensorSource(index, _content), threads: 1).Pack(recipe, path, cancellationToken);
            return;
        }

        using ModelTensorSource source = new(index, Path);
        new WeightPacker(source, threads: 1).Pack(recipe, path, cancellationToken);
    }

    private void WriteFiles(CompileResult result)
    {
        Directory.CreateDirectory(Folder);
        foreach (GeneratedSource source in result.Sources)
        {
            File.WriteAllText(SourcePath(source), source.Text);
        }

        if (!GeneratedDump.IsWanted)
        {
            return;
        }

        File.WriteAllText(System.IO.Path.Combine(Folder, "graph.json"), GraphText);
        File.WriteAllLines(System.IO.Path.Combine(Folder, "diagnostics.txt"), result.Diagnostics.Select(static diagnostic => diagnostic.ToString()));
        for (int index = 0; index < result.Stages.Count; index++)
        {
            File.WriteAllText(System.IO.Path.Combine(Folder, $"{index:00}-{result.Stages[index].Stage}.txt"), result.Stages[index].Text);
        }
    }

    /// <summary>Where a generated file is kept.</summary>
    public string SourcePath(GeneratedSource source) => System.IO.Path.Combine(Folder, source.HintName.EndsWith(".cs", StringComparison.Ordinal) ? source.HintName : source.HintName + ".cs");
}
