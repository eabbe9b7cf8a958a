using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using Cameo.Generator;
using Cameo.Sessions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.CodeAnalysis.Text;

namespace Cameo.Tests.Compilation;

/// <summary>Turns the generated code of many models into one assembly, with the oldest C# compiler that the generator supports. A model whose code has errors is left out.</summary>
internal static class GeneratedAssembly
{
    private static readonly Lazy<CSharpCompilation> Empty = new(CreateEmpty);

    /// <summary>Compiles and loads; every model gets its class or its errors.</summary>
    public static void Build(IReadOnlyList<ModelCompilation> models)
    {
        using MemoryStream assembly = new();
        using MemoryStream symbols = new();
        IReadOnlyList<ModelCompilation> compiled = Emit(models, assembly, symbols);
        if (compiled.Count > 0)
        {
            Load(compiled, assembly, symbols);
        }
    }

    /// <summary>Compiles to streams and returns the models whose code the assembly has; the others get their errors.</summary>
    public static IReadOnlyList<ModelCompilation> Emit(IReadOnlyList<ModelCompilation> models, Stream assembly, Stream? symbols)
    {
        List<ModelCompilation> rest = [.. models.Where(static model => model.HasSources)];
        while (rest.Count > 0)
        {
            Dictionary<string, ModelCompilation> owners = new(StringComparer.Ordinal);
            CSharpCompilation compilation = Empty.Value.WithAssemblyName($"Generated{Guid.NewGuid():N}").AddSyntaxTrees(rest.SelectMany(model => Parse(model, owners)));
            EmitResult result = compilation.Emit(assembly, symbols, options: symbols is null ? null : new EmitOptions(debugInformationFormat: DebugInformationFormat.PortablePdb));
            if (result.Success)
            {
                AddWarnings(result, owners);
                return rest;
            }

            DropFailures(rest, result, owners);
            assembly.SetLength(0);
            symbols?.SetLength(0);
        }

        return rest;
    }

    private static IEnumerable<SyntaxTree> Parse(ModelCompilation model, Dictionary<string, ModelCompilation> owners)
    {
        foreach (GeneratedSource source in model.Result!.Sources)
        {
            string path = model.SourcePath(source);
            owners[path] = model;
            yield return CSharpSyntaxTree.ParseText(SourceText.From(source.Text, Encoding.UTF8), new CSharpParseOptions(LanguageVersion.CSharp12, DocumentationMode.Diagnose), path);
        }
    }

    private static void DropFailures(List<ModelCompilation> rest, EmitResult result, Dictionary<string, ModelCompilation> owners)
    {
        Diagnostic[] errors = [.. result.Diagnostics.Where(static diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)];
        foreach (Diagnostic error in errors)
        {
            if (error.Location.SourceTree is { } tree)
            {
                owners[tree.FilePath].AddSharpErrors([error.ToString()]);
            }
        }

        // An error without a place can't be blamed on one of them.
        if (rest.RemoveAll(static model => model.Fault is not null) == 0)
        {
            foreach (ModelCompilation model in rest)
            {
                model.AddSharpErrors(errors.Select(static error => error.ToString()));
            }

            rest.Clear();
        }
    }

    private static void AddWarnings(EmitResult result, Dictionary<string, ModelCompilation> owners)
    {
        foreach (Diagnostic warning in result.Diagnostics.Where(static diagnostic => diagnostic.Severity == DiagnosticSeverity.Warning && !diagnostic.IsSuppressed))
        {
            if (warning.Location.SourceTree is { } tree)
            {
                owners[tree.FilePath].SharpWarnings.Add(warning.ToString());
            }
        }
    }

    private static void Load(IReadOnlyList<ModelCompilation> models, MemoryStream assembly, MemoryStream symbols)
    {
        assembly.Position = 0;
        symbols.Position = 0;
        Assembly loaded = AssemblyLoadContext.Default.LoadFromStream(assembly, symbols);
        foreach (ModelCompilation model in models)
        {
            if (loaded.GetType(model.Result!.ClassName) is { } type && type.IsSubclassOf(typeof(CompiledModel)))
            {
                model.Complete(type);
            }
            else
            {
                model.Fail($"The generated code has no model class '{model.Result.ClassName}'.");
            }
        }
    }

    private static CSharpCompilation CreateEmpty()
    {
        string platform = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        IEnumerable<string> paths = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Where(path => Path.GetDirectoryName(path) == platform || Path.GetFileName(path) == "System.Numerics.Tensors.dll")
            .Append(typeof(CompiledModel).Assembly.Location);
        CSharpCompilationOptions options = new(
            OutputKind.DynamicallyLinkedLibrary,
            allowUnsafe: true,
            optimizationLevel: OptimizationLevel.Release,
            nullableContextOptions: NullableContextOptions.Enable,
            deterministic: true);
        return CSharpCompilation.Create("Generated", references: paths.Distinct().Select(static path => MetadataReference.CreateFromFile(path)), options: options);
    }
}
