using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>Finds strides for a new shape over memory that is not dense, by matching groups of axes whose products are equal.</summary>
internal static class StridedReshape
{
    public static IReadOnlyList<Dimension>? TryMap(Shape from, IReadOnlyList<Dimension> strides, Shape to)
    {
        var result = new Dimension[to.Rank];
        int source = 0;
        int target = 0;
        while (source < from.Rank || target < to.Rank)
        {
            // Grow both sides until the products of sizes are equal.
            int sourceEnd = source;
            int targetEnd = target;
            Dimension sourceProduct = Dimension.One;
            Dimension targetProduct = Dimension.One;
            if (sourceEnd < from.Rank)
            {
                sourceProduct = from[sourceEnd++];
            }

            if (targetEnd < to.Rank)
            {
                targetProduct = to[targetEnd++];
            }

            while (sourceProduct != targetProduct)
            {
                if (!TryGrow(from, to, ref sourceEnd, ref targetEnd, ref sourceProduct, ref targetProduct))
                {
                    return null;
                }
            }

            if (!TryMapGroup(from, strides, source, sourceEnd, to, target, targetEnd, result))
            {
                return null;
            }

            source = sourceEnd;
            target = targetEnd;
        }

        return result;
    }

    private static bool TryGrow(Shape from, Shape to, ref int sourceEnd, ref int targetEnd, ref Dimension sourceProduct, ref Dimension targetProduct)
    {
        bool sourceSmaller = sourceProduct.Value is { } a && targetProduct.Value is { } b
            ? a < b
            : Dimension.FloorDivide(targetProduct, sourceProduct) is var quotient && quotient * sourceProduct == targetProduct;
        if (sourceSmaller && sourceEnd < from.Rank)
        {
            sourceProduct *= from[sourceEnd++];
            return true;
        }

        if (targetEnd < to.Rank)
        {
            targetProduct *= to[targetEnd++];
            return true;
        }

        if (sourceEnd < from.Rank)
        {
            sourceProduct *= from[sourceEnd++];
            return true;
        }

        return false;
    }

    private static bool TryMapGroup(Shape from, IReadOnlyList<Dimension> strides, int source, int sourceEnd, Shape to, int target, int targetEnd, Dimension[] result)
    {
        // Axes of size 1 carry no stride of their own.
        int[] axes = [.. Enumerable.Range(source, sourceEnd - source).Where(axis => from[axis].Value != 1)];
        for (int index = 0; index + 1 < axes.Length; index++)
        {
            if (strides[axes[index]] != strides[axes[index + 1]] * from[axes[index + 1]])
            {
                return false;
            }
        }

        Dimension stride = axes.Length == 0 ? Dimension.One : strides[axes[axes.Length - 1]];
        for (int axis = targetEnd - 1; axis >= target; axis--)
        {
            result[axis] = stride;
            stride *= to[axis];
        }

        return true;
    }
}
