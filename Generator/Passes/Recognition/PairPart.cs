using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>One of the two elements of every pair of a value's last axis: its first or second half, or its even or odd elements.</summary>
/// <param name="Whole">The value.</param>
/// <param name="Index">0 for first elements, 1 for second ones.</param>
/// <param name="IsInterleaved">Whether pairs are neighbours.</param>
internal readonly record struct PairPart(Value Whole, int Index, bool IsInterleaved)
{
    /// <summary>What a value takes of another one: by Slice, Split, or by an index into an axis of two that a reshape has made.</summary>
    public static PairPart? Find(Value value, SymbolTable symbols)
    {
        value = Matching.Narrowest(value);
        return Matching.Producer(value) is not { } node ? null : node.Type switch
        {
            "Slice" or "Split" when AxisPart.Find(value, symbols) is { } part && part.Axis == value.Shape.Rank - 1 => OfLastAxis(part),
            "Squeeze" when AxisPart.Find(node.Input(0), symbols) is { } part && part.Size.Value == 1 && value.Shape.Rank == part.Whole.Shape.Rank - 1 => OfNewAxis(part),
            "Gather" when node.Input(1).Shape.Rank == 0 && Matching.Number(node.Input(1)) is { } index => OfNewAxis(new AxisPart(
                node.Input(0),
                ShapeMath.Axis(node, node.IntegerAttribute("axis", 0), node.Input(0).Shape.Rank),
                index < 0 ? 2 + (long)index : (long)index, 1, 1)),
            _ => null,
        };
    }

    private static PairPart? OfLastAxis(AxisPart part)
    {
        if (part.Whole.Shape[part.Axis].Value is not { } size || size % 2 != 0 || part.Size.Value != size / 2 || part.Start.Value is not { } start)
        {
            return null;
        }

        return part.Step == 1 && (start == 0 || start == size / 2) ? new PairPart(part.Whole, start == 0 ? 0 : 1, false)
            : part.Step == 2 && start is 0 or 1 ? new PairPart(part.Whole, (int)start, true)
            : null;
    }

    /// <summary>x reshaped to [..., size / 2, 2] or [..., 2, size / 2], of which the axis of two is indexed.</summary>
    private static PairPart? OfNewAxis(AxisPart part)
    {
        Value split = Matching.Narrowest(part.Whole);
        int rank = split.Shape.Rank;
        if (part.Axis < rank - 2 || split.Shape[part.Axis].Value != 2 || part.Start.Value is not (0 or 1) || Matching.Producer(split, "Reshape") is not { } reshape)
        {
            return null;
        }

        Value whole = reshape.Input(0);
        bool splitsLast = whole.Shape.Rank == rank - 1 && Enumerable.Range(0, rank - 2).All(axis => whole.Shape[axis] == split.Shape[axis]);
        return splitsLast ? new PairPart(whole, (int)part.Start.Constant, part.Axis == rank - 1) : null;
    }
}
