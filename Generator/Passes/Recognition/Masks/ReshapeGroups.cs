using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition.Masks;

/// <summary>Runs of axes of two shapes that hold the same elements in the same order: a reshape merges and splits axes within each, never across.</summary>
internal static class ReshapeGroups
{
    /// <summary>Axes [FromBegin, FromEnd) of one shape and [ToBegin, ToEnd) of the other, in order; <see langword="null"/> where the sizes do not tell.</summary>
    public static IReadOnlyList<(int FromBegin, int FromEnd, int ToBegin, int ToEnd)>? Match(Shape from, Shape to)
    {
        var groups = new List<(int, int, int, int)>();
        int left = 0;
        int right = 0;
        while (left < from.Rank || right < to.Rank)
        {
            int fromBegin = left;
            int toBegin = right;
            Dimension fromCount = left < from.Rank ? from[left++] : Dimension.One;
            Dimension toCount = right < to.Rank ? to[right++] : Dimension.One;
            while (fromCount != toCount)
            {
                if (left < from.Rank && (Divides(fromCount, toCount) || right == to.Rank))
                {
                    fromCount *= from[left++];
                }
                else if (right < to.Rank && (Divides(toCount, fromCount) || left == from.Rank))
                {
                    toCount *= to[right++];
                }
                else if (left < from.Rank && right < to.Rank)
                {
                    fromCount *= from[left++];
                    toCount *= to[right++];
                }
                else
                {
                    return null;
                }
            }

            groups.Add((fromBegin, left, toBegin, right));
        }

        return groups;
    }

    private static bool Divides(Dimension divisor, Dimension value) =>
        divisor.Value is { } a && value.Value is { } b ? a != 0 && b % a == 0 : Dimension.FloorDivide(value, divisor) * divisor == value;
}
