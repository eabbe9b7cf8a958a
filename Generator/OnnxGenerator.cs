using Cameo.Generator.Pipeline;
using Microsoft.CodeAnalysis;

namespace Cameo.Generator;

/// <summary>
/// The incremental pipeline: graph text → compiled model → sources and diagnostics. The text is the whole input, so a model is compiled again only when its text
/// changes; each model goes its own way, and nothing here depends on the compilation.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class OnnxGenerator : IIncrementalGenerator
{
    private readonly CompileFunction _compile;

    public OnnxGenerator()
        : this(ModelCompiler.Compile)
    {
    }

    internal OnnxGenerator(CompileFunction compile) => _compile = compile;

    /// <summary>The compiler, which tests replace.</summary>
    internal delegate CompileResult CompileFunction(string graphText, CompileSettings settings, CancellationToken cancellationToken);

    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        IncrementalValuesProvider<GraphText> texts = context.AdditionalTextsProvider
            .Where(static file => GraphText.IsGraphText(file.Path))
            .Select(static (file, cancellationToken) => GraphText.Read(file, cancellationToken))
            .WithTrackingName(OnnxGeneratorStepNames.GraphTexts);

        IncrementalValuesProvider<CompiledModel> models = texts
            .Select(Compile)
            .WithTrackingName(OnnxGeneratorStepNames.Models);

        // Two outputs: a diagnostic that changes leaves the sources as they are, and the other way round.
        context.RegisterSourceOutput(
            models.Select(static (model, _) => model.Sources).WithTrackingName(OnnxGeneratorStepNames.Sources),
            static (output, sources) =>
            {
                foreach (GeneratedSource source in sources)
                {
                    output.AddSource(source.HintName, source.Text);
                }
            });
        context.RegisterSourceOutput(
            models.Select(static (model, _) => model.Diagnostics).WithTrackingName(OnnxGeneratorStepNames.Diagnostics),
            static (output, diagnostics) =>
            {
                foreach (LocatedDiagnostic diagnostic in diagnostics)
                {
                    output.ReportDiagnostic(diagnostic.ToDiagnostic());
                }
            });
    }

    private CompiledModel Compile(GraphText text, CancellationToken cancellationToken)
    {
        try
        {
            return CompiledModel.From(text, _compile(text.Text, new CompileSettings(), cancellationToken));
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return CompiledModel.From(text, exception);
        }
    }
}
