using System.Collections.Immutable;
using Cameo.Generator;
using Cameo.Generator.Diagnostics;
using Cameo.Generator.Onnx;
using Cameo.Generator.Pipeline;
using Cameo.Tests.Infrastructure;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;
using Xunit;

namespace Cameo.Tests.Build;

/// <summary>
/// The incremental pipeline with a small compiler in place of the real one: a text <c>Name;diagnostic</c> becomes a class and, if there is one, a diagnostic.
/// </summary>
public sealed class OnnxGeneratorTests
{
    private static readonly GraphFile First = new("/obj/First.onnx.json", "First;");
    private static readonly GraphFile Second = new("/obj/Second.onnx.json", "Second;");

    private int _compilations;

    [Fact]
    public void FirstRun_CompilesEachModel()
    {
        GeneratorDriver driver = Run(CreateDriver(First, Second));
        AssertReasons(driver, OnnxGeneratorStepNames.Models, IncrementalStepRunReason.New, IncrementalStepRunReason.New);
        Assert.Equal(["First.g.cs", "Second.g.cs"], Sources(driver).Select(static source => source.HintName));
        Assert.Equal(2, _compilations);
    }

    [Fact]
    public void SameInput_DoesNotCompile()
    {
        GeneratorDriver driver = Run(Run(CreateDriver(First, Second)));
        AssertAllSteps(driver, IncrementalStepRunReason.Cached, IncrementalStepRunReason.Cached);
        Assert.Equal(2, _compilations);
    }

    [Fact]
    public void EditedSourceFile_DoesNotCompile()
    {
        GeneratorDriver driver = Run(Run(CreateDriver(First, Second)), "class Edited { int field; }");
        AssertAllSteps(driver, IncrementalStepRunReason.Cached, IncrementalStepRunReason.Cached);
        Assert.Equal(2, _compilations);
    }

    [Fact]
    public void RewrittenFileWithTheSameText_DoesNotCompile()
    {
        GeneratorDriver driver = Run(CreateDriver(First, Second));
        driver = Run(driver.ReplaceAdditionalText(First, new GraphFile(First.Path, "First;")));
        AssertReasons(driver, OnnxGeneratorStepNames.GraphTexts, IncrementalStepRunReason.Unchanged, IncrementalStepRunReason.Cached);
        AssertReasons(driver, OnnxGeneratorStepNames.Models, IncrementalStepRunReason.Cached, IncrementalStepRunReason.Cached);
        Assert.Equal(2, _compilations);
    }

    [Fact]
    public void OneModelChanged_TheOtherStaysCached()
    {
        GeneratorDriver driver = Run(CreateDriver(First, Second));
        driver = Run(driver.ReplaceAdditionalText(Second, new GraphFile(Second.Path, "Renamed;")));
        AssertAllSteps(driver, IncrementalStepRunReason.Cached, IncrementalStepRunReason.Modified, exceptDiagnostics: IncrementalStepRunReason.Unchanged);
        Assert.Equal(["First.g.cs", "Renamed.g.cs"], Sources(driver).Select(static source => source.HintName));
        Assert.Equal(3, _compilations);
    }

    [Fact]
    public void OptionInTheTextChanged_CompilesButKeepsEqualSources()
    {
        GeneratorDriver driver = Run(CreateDriver(First, Second));
        driver = Run(driver.ReplaceAdditionalText(First, new GraphFile(First.Path, "First;;option")));
        AssertReasons(driver, OnnxGeneratorStepNames.GraphTexts, IncrementalStepRunReason.Modified, IncrementalStepRunReason.Cached);
        AssertReasons(driver, OnnxGeneratorStepNames.Models, IncrementalStepRunReason.Unchanged, IncrementalStepRunReason.Cached);
        AssertReasons(driver, OnnxGeneratorStepNames.Sources, IncrementalStepRunReason.Cached, IncrementalStepRunReason.Cached);
        Assert.Equal(3, _compilations);
    }

    [Fact]
    public void ChangeOfDiagnosticsAlone_LeavesSources()
    {
        GeneratorDriver driver = Run(CreateDriver(First, Second));
        driver = Run(driver.ReplaceAdditionalText(First, new GraphFile(First.Path, "First;slow")));
        AssertReasons(driver, OnnxGeneratorStepNames.Models, IncrementalStepRunReason.Modified, IncrementalStepRunReason.Cached);
        AssertReasons(driver, OnnxGeneratorStepNames.Sources, IncrementalStepRunReason.Unchanged, IncrementalStepRunReason.Cached);
        AssertReasons(driver, OnnxGeneratorStepNames.Diagnostics, IncrementalStepRunReason.Modified, IncrementalStepRunReason.Cached);
    }

    [Fact]
    public void RemovedModel_TakesItsSourcesAlong()
    {
        GeneratorDriver driver = Run(Run(CreateDriver(First, Second)).RemoveAdditionalTexts([First]));
        Assert.Equal(["Second.g.cs"], Sources(driver).Select(static source => source.HintName));
        Assert.Equal(2, _compilations);
    }

    [Fact]
    public void OtherAdditionalFiles_AreNotRead()
    {
        GeneratorDriver driver = Run(CreateDriver(new GraphFile("/settings.json", text: null), new GraphFile("/model.onnx", text: null), First));
        Assert.Single(Sources(driver));
    }

    [Fact]
    public void Diagnostic_PointsIntoTheText()
    {
        GeneratorDriver driver = Run(CreateDriver(new GraphFile("/obj/First.onnx.json", "First;slow")));
        Diagnostic diagnostic = Assert.Single(driver.GetRunResult().Diagnostics);
        Assert.Equal(DiagnosticIds.MissedOptimization, diagnostic.Id);
        Assert.Equal(DiagnosticSeverity.Info, diagnostic.Severity);
        Assert.Equal("slow", diagnostic.GetMessage(null));
        Assert.Equal("/obj/First.onnx.json", diagnostic.Location.GetLineSpan().Path);
        Assert.Equal(41, diagnostic.Location.GetLineSpan().StartLinePosition.Line);
        Assert.Equal("docs/diagnostics.md#cameo0201", diagnostic.Descriptor.HelpLinkUri);
    }

    [Fact]
    public void UnexpectedException_NamesTheModelAndLeavesTheOther()
    {
        GeneratorDriver driver = Run(CreateDriver(new GraphFile("/obj/First.onnx.json", "throw"), Second));
        Diagnostic diagnostic = Assert.Single(driver.GetRunResult().Diagnostics);
        Assert.Equal(DiagnosticIds.InternalError, diagnostic.Id);
        Assert.Equal(DiagnosticSeverity.Error, diagnostic.Severity);
        Assert.Contains("'First'", diagnostic.GetMessage(null), StringComparison.Ordinal);
        Assert.Contains("no such operator", diagnostic.GetMessage(null), StringComparison.Ordinal);
        Assert.Equal("Second.g.cs", Assert.Single(Sources(driver)).HintName);
    }

    [Fact]
    public void Cancellation_ReachesTheCompiler()
    {
        using CancellationTokenSource cancellation = new();
        OnnxGenerator generator = new((_, _, token) =>
        {
            cancellation.Cancel();
            token.ThrowIfCancellationRequested();
            throw new InvalidOperationException("The token is not the driver's.");
        });
        Assert.Throws<OperationCanceledException>(
            () => CreateDriver(generator, First).RunGenerators(Compilation("class C;"), cancellation.Token));
    }

    [SkippableTheory]
    [InlineData("mnist_8")]
    [InlineData("stories260K_opset23")]
    public void RealModel_GivesTheSameUnderEveryCulture(string model)
    {
        ImportOptions options = new() { GraphOptions = new Dictionary<string, string> { ["class"] = "Tested" } };
        GraphFile file = new("/obj/Tested.onnx.json", ModelImporter.Import(TestData.RequireModel(model), options).GraphText);
        static string Output(GeneratorDriver driver) => string.Join("\n", [
            .. Sources(driver).Select(static source => source.HintName + source.SourceText),
            .. driver.GetRunResult().Diagnostics.Select(static diagnostic => diagnostic.GetMessage(null))]);
        string expected = Output(Run(CreateDriver(new OnnxGenerator(), file)));
        Assert.NotEqual("", expected);
        Assert.Equal(expected, ForeignCulture.Run(() => Output(Run(CreateDriver(new OnnxGenerator(), file)))));
    }

    [Fact]
    public void EveryDiagnosticHasADescriptorAReleaseNoteAndADocumentation()
    {
        string repository = TestData.Repository;
        string releases = File.ReadAllText(Path.Combine(repository, "Generator", "AnalyzerReleases.Unshipped.md"))
            + File.ReadAllText(Path.Combine(repository, "Generator", "AnalyzerReleases.Shipped.md"));
        string documentation = File.ReadAllText(Path.Combine(repository, "docs", "diagnostics.md"));
        foreach (string id in Ids(typeof(DiagnosticIds)))
        {
            Assert.Equal(id, DiagnosticDescriptors.Get(id).Id);
            Assert.Contains($"\n{id} |", releases, StringComparison.Ordinal);
        }

        foreach (string id in Ids(typeof(DiagnosticIds), typeof(ImportDiagnosticIds), typeof(Generator.Build.BuildDiagnosticIds)))
        {
            Assert.Contains($"\n## {id}\n", documentation, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<string> Ids(params Type[] types)
        => types.SelectMany(static type => type.GetFields()).Select(static field => (string)field.GetRawConstantValue()!);

    private static CompileResult Result(string name, string text, string? diagnostic) => new(
        name,
        "file",
        [new GeneratedSource(name + ".g.cs", text)],
        null,
        diagnostic is null ? [] : [new DiagnosticInfo(DiagnosticIds.MissedOptimization, DiagnosticLevel.Info, diagnostic, Line: 42)],
        [],
        []);

    private static GeneratorDriver CreateDriver(OnnxGenerator generator, params GraphFile[] files) => CSharpGeneratorDriver.Create(
        [generator.AsSourceGenerator()],
        files,
        driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));

    private static GeneratorDriver Run(GeneratorDriver driver, string source = "class C;") => driver.RunGenerators(Compilation(source));

    private static CSharpCompilation Compilation(string source) => CSharpCompilation.Create("Test", [CSharpSyntaxTree.ParseText(source)]);

    private static ImmutableArray<GeneratedSourceResult> Sources(GeneratorDriver driver) => driver.GetRunResult().Results.Single().GeneratedSources;

    private static void AssertAllSteps(
        GeneratorDriver driver, IncrementalStepRunReason first, IncrementalStepRunReason second, IncrementalStepRunReason? exceptDiagnostics = null)
    {
        AssertReasons(driver, OnnxGeneratorStepNames.GraphTexts, first, second);
        AssertReasons(driver, OnnxGeneratorStepNames.Models, first, second);
        AssertReasons(driver, OnnxGeneratorStepNames.Sources, first, second);
        AssertReasons(driver, OnnxGeneratorStepNames.Diagnostics, first, exceptDiagnostics ?? second);
    }

    private static void AssertReasons(GeneratorDriver driver, string step, params IncrementalStepRunReason[] expected)
    {
        ImmutableArray<IncrementalGeneratorRunStep> steps = driver.GetRunResult().Results.Single().TrackedSteps[step];
        Assert.Equal(expected, steps.SelectMany(static run => run.Outputs).Select(static output => output.Reason));
    }

    private GeneratorDriver CreateDriver(params GraphFile[] files) => CreateDriver(new OnnxGenerator(Compile), files);

    private CompileResult Compile(string text, CompileSettings settings, CancellationToken cancellationToken)
    {
        _compilations++;
        if (text == "throw")
        {
            throw new NotSupportedException("no such operator");
        }

        string[] parts = text.Split(';');
        return Result(parts[0], $"class {parts[0]};", parts[1].Length > 0 ? parts[1] : null);
    }

    private sealed class GraphFile(string path, string? text) : AdditionalText
    {
        public override string Path => path;

        public override SourceText GetText(CancellationToken cancellationToken = default)
            => SourceText.From(text ?? throw new InvalidOperationException($"'{path}' is not for this generator."));
    }
}
