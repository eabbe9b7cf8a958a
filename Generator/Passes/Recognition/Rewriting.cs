using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>Puts canonical nodes in the place of matched ones, and takes conversions out that the spelling had and the canonical node does not need.</summary>
/// <param name="graph">The graph.</param>
/// <param name="nodes">Makes the new nodes.</param>
internal sealed class Rewriting(Graph graph, ExpansionContext nodes)
{
    public ExpansionContext Nodes { get; } = nodes;

    /// <summary>
    /// The value to compute with in the place of <paramref name="x"/>: float32 where the spelling goes to float64 and back only for its own sake, that is where
    /// x was converted and <paramref name="result"/> is converted back wherever it is read.
    /// </summary>
    public Value Input(Value x, Value result)
    {
        Value narrow = Matching.Narrowest(x);
        bool isDetour = x.ElementType == ElementType.Float64 && narrow != x && result.ElementType == ElementType.Float64 && !graph.IsOutput(result)
            && result.Consumers.All(reader => reader is { Domain: "", Type: "Cast" } && reader.Output.ElementType != ElementType.Float64);
        return isDetour ? Convert(narrow, ElementType.Float32) : x;
    }

    public Value Convert(Value value, ElementType type) => value.ElementType == type ? value : Nodes.Add("Cast", [("to", (long)type)], value);

    /// <summary>Lets all that read the old result read the new one, converted where it has another type; conversions back to that type are left out.</summary>
    public void Replace(Value result, Value replacement)
    {
        if (result.ElementType == replacement.ElementType)
        {
            graph.ReplaceUses(result, replacement);
            return;
        }

        foreach (Node cast in Matching.Readers(result).Where(reader => reader is { Domain: "", Type: "Cast" }).ToArray())
        {
            graph.ReplaceUses(cast.Output, Convert(replacement, cast.Output.ElementType));
        }

        if (graph.IsOutput(result) || result.Consumers.Any(reader => reader is not { Domain: "", Type: "Cast" }))
        {
            graph.ReplaceUses(result, Convert(replacement, result.ElementType));
        }
    }
}
