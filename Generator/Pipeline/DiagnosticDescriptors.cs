using Cameo.Generator.Diagnostics;
using Microsoft.CodeAnalysis;

namespace Cameo.Generator.Pipeline;

/// <summary>
/// Roslyn's descriptor of every diagnostic of the compiler. The import and the packing run as build tasks and report through the build, not through Roslyn. A new
/// diagnostic also gets a line in AnalyzerReleases.Unshipped.md and an entry in docs/diagnostics.md.
/// </summary>
internal static class DiagnosticDescriptors
{
    private const string Category = "Cameo";

    private const string HelpPage = "docs/diagnostics.md#";

    private static readonly DiagnosticDescriptor InvalidOption = new(
        DiagnosticIds.InvalidOption, "An option of a model has an invalid value", "{0}", Category, DiagnosticSeverity.Error, true, helpLinkUri: HelpPage + "cameo0101");

    private static readonly DiagnosticDescriptor InvalidModel = new(
        DiagnosticIds.InvalidModel, "The model breaks the rules of ONNX", "{0}", Category, DiagnosticSeverity.Error, true, helpLinkUri: HelpPage + "cameo0102");

    private static readonly DiagnosticDescriptor UnsupportedOperator = new(
        DiagnosticIds.UnsupportedOperator, "An operator is not supported", "{0}", Category, DiagnosticSeverity.Error, true, helpLinkUri: HelpPage + "cameo0103");

    private static readonly DiagnosticDescriptor UnsupportedUse = new(
        DiagnosticIds.UnsupportedUse, "A use of an operator is not supported", "{0}", Category, DiagnosticSeverity.Error, true, helpLinkUri: HelpPage + "cameo0104");

    private static readonly DiagnosticDescriptor InternalError = new(
        DiagnosticIds.InternalError, "The compiler failed unexpectedly", "{0}", Category, DiagnosticSeverity.Error, true, helpLinkUri: HelpPage + "cameo0199");

    private static readonly DiagnosticDescriptor MissedOptimization = new(
        DiagnosticIds.MissedOptimization, "A fast path was not taken", "{0}", Category, DiagnosticSeverity.Info, true, helpLinkUri: HelpPage + "cameo0201");

    private static readonly DiagnosticDescriptor DefaultCapacity = new(
        DiagnosticIds.DefaultCapacity, "A state's capacity was chosen by default", "{0}", Category, DiagnosticSeverity.Info, true, helpLinkUri: HelpPage + "cameo0202");

    private static readonly DiagnosticDescriptor NoGeneration = new(
        DiagnosticIds.NoGeneration, "The model has no Generate method", "{0}", Category, DiagnosticSeverity.Info, true, helpLinkUri: HelpPage + "cameo0203");

    private static readonly DiagnosticDescriptor OutputForm = new(
        DiagnosticIds.OutputForm, "An output has another form than the model says", "{0}", Category, DiagnosticSeverity.Info, true, helpLinkUri: HelpPage + "cameo0204");

    private static readonly DiagnosticDescriptor ContradictoryBranch = new(
        DiagnosticIds.ContradictoryBranch, "A branch ends runs that take it", "{0}", Category, DiagnosticSeverity.Warning, true, helpLinkUri: HelpPage + "cameo0205");

    private static readonly Dictionary<string, DiagnosticDescriptor> ById = new[]
    {
        InvalidOption,
        InvalidModel,
        UnsupportedOperator,
        UnsupportedUse,
        InternalError,
        MissedOptimization,
        DefaultCapacity,
        NoGeneration,
        OutputForm,
        ContradictoryBranch,
    }.ToDictionary(static descriptor => descriptor.Id, StringComparer.Ordinal);

    public static IReadOnlyCollection<DiagnosticDescriptor> All => ById.Values;

    /// <summary>The descriptor of an id; an id without one is a fault of the compiler, which is reported as such rather than lost.</summary>
    public static DiagnosticDescriptor Get(string id) => ById.GetValueOrDefault(id) ?? InternalError;
}
