using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.States;

/// <summary>
/// Whether a model counts positions by itself, from the length of its past: <c>Range(past, past + sequence)</c>. Such positions count padding too, so a cache of such a model
/// keeps padding where it is: without it a row's next position would not follow from its length.
/// </summary>
internal static class ColumnPositions
{
    public static bool AreComputed(Graph graph, string past) => graph.Nodes.Any(node =>
        node is { Domain: "", Type: "Range" or "Add" or "Sub" }
        && !node.Output.IsKnown
        && node.Inputs.Take(node.Type == "Range" ? 1 : 2).Any(input => input?.Elements is { } elements && elements.Any(element => element.Symbols().Contains(past))));
}
