using System.Security.Cryptography;
using System.Text;
using Cameo.Generator;
using Cameo.Generator.Diagnostics;
using Cameo.Generator.Onnx;
using Cameo.Generator.Packing;
using Cameo.Sessions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;

namespace Cameo.Benchmarks.Models;

/// <summary>Takes an <c>.onnx</c> file through the whole build in this process: import, compiler, packing, C# compiler. What the same compiler made before is used again.</summary>
internal static class OnnxCompiler
{
    private const string Namespace = "Cameo.Benchmarks.Generated";
    private const string Parent = "compiled";
    private const string AssemblyFile = "model.dll";
    private const string WeightsFile = "model.weights";

    // The weights of a large model are gigabytes, and every change of the compiler makes new ones.
    private const int KeptBuilds = 3;

    /// <summary>Compiles a model.</summary>
    /// <param name="path">The <c>.onnx</c> file.</param>
    /// <param name="dimensions">Bounds of dimensions, as the option OnnxDimensions has them; may be empty.</param>
    /// <param name="rewrite">What to do to each generated file before it is compiled; null for nothing.</param>
    /// <exception cref="NotSupportedException">Cameo refuses the model.</exception>
    public static BuiltModel Build(string path, string dimensions = "", Func<SyntaxTree, SyntaxTree>? rewrite = null)
    {
        var file = new FileInfo(path);
        string name = $"{Path.GetFileName(file.DirectoryName)}-{Path.GetFileNameWithoutExtension(path)}";
        string compiler = $"{typeof(Generator.ModelCompiler).Module.ModuleVersionId}{typeof(CompiledModel).Module.ModuleVersionId}";
        string rewriter = rewrite is null ? "" : $"{rewrite.Method.Module.ModuleVersionId}{rewrite.Method.DeclaringType}{rewrite.Method}";
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{compiler}|{path}|{file.Length}|{file.LastWriteTimeUtc.Ticks}|{dimensions}|{rewriter}"));
        string identity = Convert.ToHexStringLower(hash)[..16];
        string folder = BenchmarkFolder.Get(Path.Combine(Parent, $"{name}-{identity}"), folder => Build(path, dimensions, rewrite, $"Model{identity}", folder));
        BenchmarkFolder.KeepNewest(Parent, $"{name}-????????????????", KeptBuilds);
        return new BuiltModel(Path.Combine(folder, AssemblyFile), Path.Combine(folder, WeightsFile));
    }

    /// <summary>The options that a generated class of this name takes.</summary>
    public static Dictionary<string, string> Options(string className) => new() { [GraphOptions.Class] = className, [GraphOptions.Namespace] = Namespace };

    private static void Build(string path, string dimensions, Func<SyntaxTree, SyntaxTree>? rewrite, string className, string folder)
    {
        Dictionary<string, string> options = Options(className);
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

        if (result.Recipe is { } recipe)
        {
            using ModelTensorSource source = new(import.WeightIndex!, path);
            new WeightPacker(source, threads: Environment.ProcessorCount).Pack(recipe, Path.Combine(folder, WeightsFile), default);
        }

        Emit(result, rewrite, className, Path.Combine(folder, AssemblyFile));
    }

    private static void Emit(CompileResult result, Func<SyntaxTree, SyntaxTree>? rewrite, string className, string path)
    {
        IEnumerable<string> references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        var compilation = CSharpCompilation.Create(
            $"Generated.{className}",
            result.Sources
                .Select(static source => CSharpSyntaxTree.ParseText(source.Text, new CSharpParseOptions(LanguageVersion.CSharp12), source.HintName))
                .Select(tree => rewrite is null ? tree : rewrite(tree)),
            references.Select(static reference => MetadataReference.CreateFromFile(reference)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, optimizationLevel: OptimizationLevel.Release, nullableContextOptions: NullableContextOptions.Enable));
        EmitResult emitted = compilation.Emit(path);
        if (!emitted.Success)
        {
            throw new InvalidOperationException(string.Join("\n", emitted.Diagnostics.Where(static diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)));
        }
    }
}
