using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// Tables of cosines or sines as the canonical node wants them: with one entry a pair where that follows from the graph, so that the doubled table is never made.
/// <para>Before: <c>e = Concat(f, f); c = Unsqueeze(Cos(e), 1)</c>. After: <c>c = Unsqueeze(Cos(f), 1)</c>.</para>
/// </summary>
internal sealed class RotaryTables(RecognitionContext context)
{
    /// <summary>Every layer reads the same tables: each is made once.</summary>
    private readonly Dictionary<(Value Table, bool IsInterleaved), Value?> _narrow = [];

    /// <summary>The table with one entry a pair, or null where its two entries are not known to be equal. New nodes stand before <paramref name="place"/>.</summary>
    public Value? Narrow(Value table, bool isInterleaved, Node place)
    {
        if (_narrow.TryGetValue((table, isInterleaved), out Value? known))
        {
            return known;
        }

        return _narrow[(table, isInterleaved)] = Derive(table, isInterleaved, place);
    }

    private Value? Derive(Value table, bool isInterleaved, Node place)
    {
        if (PairJoin.Find(table) is { } join)
        {
            return join.IsInterleaved == isInterleaved && Matching.Same(join.First, join.Second) ? join.First : null;
        }

        if (table.Constant is InlineConstant inline)
        {
            return NarrowConstant(table, inline, isInterleaved);
        }

        if (Matching.Producer(table) is not { } node)
        {
            return null;
        }

        Value? Input(int index) => Narrow(node.Input(index), isInterleaved, place);
        switch (node.Type)
        {
            case "Cos" or "Sin" or "Neg":
                return Input(0) is { } x ? Before(node, place).Add(node.Type, x) : null;
            case "Cast":
                return Input(0) is { } source ? Before(node, place).Add("Cast", [("to", (long)table.ElementType)], source) : null;
            case "Mul" or "Div" when Matching.Number(node.Input(1)) is not null:
                return Input(0) is { } scaled ? Before(node, place).Add(node.Type, scaled, node.Input(1)) : null;
            case "Mul" when Matching.Number(node.Input(0)) is not null:
                return Input(1) is { } factor ? Before(node, place).Add("Mul", factor, node.Input(0)) : null;
            case "Gather" when ShapeMath.Axis(node, node.IntegerAttribute("axis", 0), node.Input(0).Shape.Rank) is var axis && axis < node.Input(0).Shape.Rank - 1:
                return Input(0) is { } data ? Before(node, place).Add("Gather", [("axis", (long)axis)], data, node.Input(1)) : null;
            case "Unsqueeze" when AddedAxes(node.Input(0).Shape, table.Shape) is { } added:
                return Input(0) is { } less ? Unsqueeze(less, added, Before(node, place)) : null;
            case "Squeeze" when AddedAxes(table.Shape, node.Input(0).Shape) is { } removed:
                return Input(0) is { } more ? Squeeze(more, removed, Before(node, place)) : null;
            default:
                return null;
        }
    }

    /// <summary>New axes of size 1 of a shape, none of them the last; null where it is not the other one with new axes.</summary>
    private static long[]? AddedAxes(Shape from, Shape to)
    {
        var added = new List<long>();
        int source = 0;
        for (int axis = 0; axis < to.Rank; axis++)
        {
            if (source < from.Rank && from[source] == to[axis] && from.Rank - source <= to.Rank - axis && (to[axis].Value != 1 || from.Rank - source == to.Rank - axis))
            {
                source++;
            }
            else if (to[axis].Value == 1)
            {
                added.Add(axis);
            }
            else
            {
                return null;
            }
        }

        return source == from.Rank && !added.Contains(to.Rank - 1) ? [.. added] : null;
    }

    private static Value Unsqueeze(Value value, long[] axes, ExpansionContext nodes) => nodes.Add("Unsqueeze", value, nodes.Integers(axes));

    private static Value Squeeze(Value value, long[] axes, ExpansionContext nodes) => nodes.Add("Squeeze", value, nodes.Integers(axes));

    private Value? NarrowConstant(Value table, InlineConstant constant, bool isInterleaved)
    {
        int rank = table.Shape.Rank;
        if (rank == 0 || table.Shape[rank - 1].Value is not { } width || width % 2 != 0 || !constant.Type.ElementType.IsFloat())
        {
            return null;
        }

        long[] Start(long first) => [.. Enumerable.Range(0, rank).Select(axis => axis == rank - 1 ? first : 0)];
        long[] step = [.. Enumerable.Range(0, rank).Select(axis => axis == rank - 1 && isInterleaved ? 2L : 1)];
        long[] sizes = [.. table.Shape.ToStatic()];
        sizes[rank - 1] = width / 2;
        ConstantTensor first = ConstantMoves.Slice(constant, Start(0), step, sizes);
        ConstantTensor second = ConstantMoves.Slice(constant, Start(isInterleaved ? 1 : width / 2), step, sizes);
        return first is InlineConstant && first.Equals(second) ? context.Graph.AddConstant($"{table.Name}/narrow", first) : null;
    }

    /// <summary>New nodes stand for what the old ones stood for.</summary>
    private ExpansionContext Before(Node original, Node place) => context.Before(place, original.Origins);
}
