using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>A value put together from the first and the second elements of pairs: the opposite of <see cref="PairPart"/>.</summary>
internal readonly record struct PairJoin(Value First, Value Second, bool IsInterleaved)
{
    /// <summary>By Concat along the last axis, or by stacking along a new axis and reshaping.</summary>
    public static PairJoin? Find(Value value)
    {
        value = Matching.Narrowest(value);
        if (Concatenated(value) is { } halves)
        {
            return halves.Axis == value.Shape.Rank - 1 ? new PairJoin(halves.First, halves.Second, false) : null;
        }

        if (Matching.Producer(value, "Reshape") is not { } reshape || Concatenated(reshape.Input(0)) is not { } stack)
        {
            return null;
        }

        // [..., size / 2, 1] twice, or [..., 1, size / 2] twice.
        int rank = reshape.Input(0).Shape.Rank;
        bool joinsLast = value.Shape.Rank == rank - 1 && Enumerable.Range(0, rank - 2).All(axis => value.Shape[axis] == reshape.Input(0).Shape[axis]);
        return joinsLast && stack.Axis >= rank - 2 && Unstacked(stack.First, stack.Axis) is { } first && Unstacked(stack.Second, stack.Axis) is { } second
            ? new PairJoin(first, second, stack.Axis == rank - 1)
            : null;
    }

    private static (Value First, Value Second, int Axis)? Concatenated(Value value) =>
        Matching.Producer(Matching.Narrowest(value), "Concat") is { Inputs.Count: 2 } concat && concat.Input(0).Shape.Equals(concat.Input(1).Shape)
            ? (concat.Input(0), concat.Input(1), ShapeMath.Axis(concat, concat.IntegerAttribute("axis", 1), concat.Output.Shape.Rank))
            : null;

    private static Value? Unstacked(Value value, int axis) =>
        Matching.Producer(Matching.Narrowest(value), "Unsqueeze") is { } unsqueeze && value.Shape[axis].Value == 1
            && unsqueeze.Input(0).Shape.Rank == value.Shape.Rank - 1
            ? unsqueeze.Input(0)
            : null;
}
