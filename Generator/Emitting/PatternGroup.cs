using System.Text.RegularExpressions;
using Cameo.Generator.Outlining;
using Cameo.Generator.Passes.Recognition;

namespace Cameo.Generator.Emitting;

/// <summary>Patterns, recognised or not, whose nodes are named alike but for numbers: those of repeated blocks.</summary>
/// <param name="Pattern">Name of the pattern.</param>
/// <param name="Nodes">The nodes' names: one, or what they have in common.</param>
/// <param name="Count">Number of nodes.</param>
/// <param name="Reason">What stood in the way, the first time; empty for what was recognised.</param>
/// <param name="Origins">The model's nodes that the first one is made of.</param>
internal sealed record PatternGroup(string Pattern, string Nodes, int Count, string Reason, IReadOnlyList<string> Origins)
{
    private static readonly Regex Numbers = new("[0-9]+", RegexOptions.CultureInvariant);

    public static IEnumerable<PatternGroup> Of(IReadOnlyList<RecognizedPattern> recognitions) => recognitions
        .GroupBy(found => (found.Pattern, Numbers.Replace(found.NodeName, "#")))
        .Select(group => new PatternGroup(group.Key.Pattern, Names([.. group.Select(found => found.NodeName)]), group.Count(), "", group.First().Origins));

    public static IEnumerable<PatternGroup> Of(IReadOnlyList<RecognitionMiss> misses) => misses
        .GroupBy(miss => (miss.Pattern, Numbers.Replace(miss.Node.Name, "#"), Numbers.Replace(miss.Reason, "#")))
        .Select(group => new PatternGroup(group.Key.Pattern, Names([.. group.Select(miss => $"{miss.Node.OperatorName} {miss.Node.Name}")]), group.Count(), group.First().Reason, []));

    private static string Names(IReadOnlyList<string> names) => names.Count == 1 ? names[0] : NamePattern.Find(names)?.ToString() ?? $"{names[0]} and {names.Count - 1} more";
}
