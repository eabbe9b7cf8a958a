using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// Group normalization, which exporters write as an instance normalization of groups taken for channels, or with the primitive operators that have become a layer
/// normalization of each group before.
/// <para>Before: <c>g = Reshape(x, {0, 32, -1}); i = InstanceNormalization(g, ones, zeros); r = Reshape(i, Shape(x)); y = Add(Mul(r, w), b)</c>.
/// After: <c>y = GroupNormalization(x, w, b) num_groups=32</c>.</para>
/// </summary>
internal sealed class GroupNormalizationPattern : Pattern
{
    public override string Name => PatternNames.GroupNormalization;

    public override bool IsAnchor(Node node) => node is { Domain: "", Type: "InstanceNormalization" or "LayerNormalization" };

    public override void Rewrite(Node node, RecognitionContext context)
    {
        if (Matching.Producer(node.Input(0), "Reshape") is not { } split
            || Matching.Readers(node.Output).FirstOrDefault(reader => reader is { Domain: "", Type: "Reshape" }) is not { } joined)
        {
            return;
        }

        Value x = split.Input(0);
        if (node.Type == "LayerNormalization" && (node.Input(0).Shape.Rank != 3 || x.Shape.Rank < 3 || !joined.Output.Shape.Equals(x.Shape)
            || ShapeMath.Axis(node, node.IntegerAttribute("axis", -1), 3) != 2 || Matching.Number(node.Input(1)) != 1 || node.OptionalInput(2) is not null))
        {
            // A layer normalization between reshapes is nothing unusual.
            return;
        }

        if (FindObstacle(node, x, joined, context.Graph) is { } obstacle)
        {
            context.Miss(PatternNames.GroupNormalization, node, obstacle);
            return;
        }

        Value result = joined.Output;
        Value? weight = null;
        Value? bias = null;
        if (Follow(result, "Mul", x, context.Graph) is { } product)
        {
            (result, weight) = product;
        }

        if (Follow(result, "Add", x, context.Graph) is { } sum)
        {
            (result, bias) = sum;
        }

        Value?[] inputs = [x, weight, bias];
        Rewriting rewriting = context.Rewrite(result, [.. inputs.OfType<Value>()]);
        long channels = x.Shape[1].Constant;
        Value canonical = rewriting.Nodes.Add(
            "GroupNormalization",
            [("num_groups", split.Output.Shape[1].Constant), ("epsilon", node.FloatAttribute("epsilon", 1e-5f))],
            x,
            PerChannel(weight, 1, channels, x.ElementType, rewriting),
            PerChannel(bias, 0, channels, x.ElementType, rewriting));
        context.Recognize(PatternNames.GroupNormalization, canonical);
        rewriting.Replace(result, canonical);
    }

    private static string? FindObstacle(Node node, Value x, Node joined, Graph graph)
    {
        Shape grouped = node.Input(0).Shape;
        if (grouped.Rank != 3 || x.Shape.Rank < 3 || x.Shape[1].Value is not { } channels || grouped[1].Value is not { } groups || groups == 0 || channels % groups != 0
            || grouped[0] != x.Shape[0])
        {
            return $"the reshape from {x.Shape} to {grouped} does not group the channels";
        }

        return !joined.Output.Shape.Equals(x.Shape) ? $"the result is reshaped to {joined.Output.Shape} and not back to {x.Shape}"
            : Matching.OnlyReader(node.Output, graph) is null ? "the normalised groups are read by other nodes too"
            : !Matching.IsNumber(node.Input(1), 1) ? "the instance normalization scales the groups itself"
            : node.OptionalInput(2) is { } bias && !Matching.IsNumber(bias, 0) ? "the instance normalization adds a bias to the groups itself"
            : null;
    }

    /// <summary>The result of a product or sum with one value a channel, if nothing else reads the first operand.</summary>
    private static (Value Result, Value Operand)? Follow(Value value, string type, Value x, Graph graph)
    {
        if (Matching.OnlyReader(value, graph) is not { Domain: "" } reader || reader.Type != type || Matching.Other(reader, value) is not { } other
            || !reader.Output.Shape.Equals(x.Shape))
        {
            return null;
        }

        // One value a channel: all axes but the second (counted in x) are 1.
        int offset = x.Shape.Rank - other.Shape.Rank;
        bool isPerChannel = other.Shape.ElementCount == x.Shape[1] && offset <= 1 && other.Shape[1 - offset] == x.Shape[1];
        return isPerChannel ? (reader.Output, other) : null;
    }

    private static Value PerChannel(Value? operand, double missing, long channels, ElementType type, Rewriting rewriting)
    {
        Value values = operand ?? rewriting.Nodes.Add("Expand", rewriting.Nodes.Literal(missing, type), rewriting.Nodes.Integers(channels));
        return values.Shape.Rank == 1 ? values : rewriting.Nodes.Add("Reshape", values, rewriting.Nodes.Integers(channels));
    }
}
