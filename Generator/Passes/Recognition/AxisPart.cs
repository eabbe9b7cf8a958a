using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>A part of a value along one axis, as Slice and Split take it.</summary>
internal readonly record struct AxisPart(Value Whole, int Axis, Dimension Start, Dimension Size, long Step)
{
    public Dimension End => Start + Size * Step;

    /// <summary>The part that a value is; null where it is none, or a part along several axes.</summary>
    public static AxisPart? Find(Value value, SymbolTable symbols)
    {
        value = Matching.Narrowest(value);
        if (Matching.Producer(value, "Slice") is { } slice)
        {
            IReadOnlyList<AxisRange> ranges = SliceOperator.Ranges(slice, symbols);
            Value whole = slice.Input(0);
            int[] cut = [.. Enumerable.Range(0, ranges.Count).Where(axis => ranges[axis].Step != 1 || ranges[axis].Size != whole.Shape[axis])];
            return cut.Length == 1 && ranges[cut[0]].Step.Value is { } step ? new AxisPart(whole, cut[0], ranges[cut[0]].Start, ranges[cut[0]].Size, step) : null;
        }

        if (Matching.Producer(value, "Split") is { } split)
        {
            int axis = ShapeMath.Axis(split, split.IntegerAttribute("axis", 0), value.Shape.Rank);
            Value?[] before = [.. split.Outputs.TakeWhile(output => output != value)];
            return before.Any(output => output is null) ? null
                : new AxisPart(split.Input(0), axis, before.Aggregate(Dimension.Zero, (start, output) => start + output!.Shape[axis]), value.Shape[axis], 1);
        }

        return null;
    }
}
