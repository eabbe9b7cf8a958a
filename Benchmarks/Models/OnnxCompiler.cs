using System.Reflection;
using System.Runtime.Loader;
using Cameo.Generator;
using Cameo.Generator.Diagnostics;
using Cameo.Generator.Onnx;
using Cameo.Generator.Packing;
using Cameo.Sessions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;

namespace Cameo.Benchmarks.Models;

/// <summary>Takes an <c>.onnx</c> file through the whole build in this process: import, compiler, packing, C# compiler, load.</summary>
internal static class OnnxCompiler
{
    private const string Namespace = "Cameo.Benchmarks.Generated";
    private static int s_count;

    /// <summary>Compiles a model.</summary>
    /// <param name="path">The <c>.onnx</c> file.</param>
    /// <param name="folder">Where packed weights go.</param>
    /// <param name="dimensions">Bounds of dimensions, as the option OnnxDimensions has them; may be empty.</param>
    /// <param name="rewrite">What to do to each generated file before it is compiled; null for nothing.</param>
    /// <exception cref="NotSupportedException">Cameo refuses the model.</exception>
    public static CompiledModel Compile(string path, string folder, string dimensions = "", Func<SyntaxTree, SyntaxTree>? rewrite = null)
    {
        string className = $"Model{++s_count}";
        Dictionary<string, string> options = new() { [GraphOptions.Class] = className, [GraphOptions.Namespace] = Namespace };
        if (dimensions.Length > 0)
        {
            options[GraphOptions.Dimensions] = dimensions;
        }

        ImportResult import = ModelImporter.Import(path, new ImportOptions { GraphOptions = options });
        if (!import.Succeeded)
        {
            throw new NotSupportedException(string.Join("\n", import.Diagnostics));
        }

        CompileResult result = Generator.ModelCompiler.Compile(import.GraphText!, new CompileSettings());
        if (!result.Succeeded)
        {
            throw new NotSupportedException(string.Join("\n", result.Diagnostics.Where(static diagnostic => diagnostic.Severity == DiagnosticLevel.Error)));
        }

        string weights = Path.Combine(folder, result.WeightsFileName);
        if (result.Recipe is { } recipe)
        {
            using ModelTensorSource source = new(import.WeightIndex!, path);
            new WeightPacker(source, threads: Environment.ProcessorCount).Pack(recipe, weights, default);
        }

        Type type = Load(result, rewrite).GetType(result.ClassName, throwOnError: true)!;
        return (CompiledModel)Activator.CreateInstance(type, [new ModelOptions { WeightsPath = weights }])!;
    }

    private static Assembly Load(CompileResult result, Func<SyntaxTree, SyntaxTree>? rewrite)
    {
        IEnumerable<string> references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        var compilation = CSharpCompilation.Create(
            $"Generated{s_count}",
            result.Sources
                .Select(static source => CSharpSyntaxTree.ParseText(source.Text, new CSharpParseOptions(LanguageVersion.CSharp12), source.HintName))
                .Select(tree => rewrite is null ? tree : rewrite(tree)),
            references.Select(static reference => MetadataReference.CreateFromFile(reference)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, optimizationLevel: OptimizationLevel.Release, nullableContextOptions: NullableContextOptions.Enable));
        using var assembly = new MemoryStream();
        EmitResult emitted = compilation.Emit(assembly);
        if (!emitted.Success)
        {
            throw new InvalidOperationException(string.Join("\n", emitted.Diagnostics.Where(static diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)));
        }

        assembly.Position = 0;
        return AssemblyLoadContext.Default.LoadFromStream(assembly);
    }
}
