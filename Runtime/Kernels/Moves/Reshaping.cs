namespace Cameo.Kernels;

/// <summary>What the shapes of reshapes stand for, where data decide.</summary>
public static class Reshaping
{
    /// <summary>Finds the sizes.</summary>
    /// <param name="asked">The shape as it is asked for.</param>
    /// <param name="from">The shape there is.</param>
    /// <param name="copiesZeros">Whether 0 stands for the size there is at its place.</param>
    /// <param name="sizes">Receives the sizes.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="DimensionOutOfBoundsException">There is no such shape of as many elements.</exception>
    public static void Resolve(ReadOnlySpan<long> asked, ReadOnlySpan<long> from, bool copiesZeros, Span<long> sizes, string node)
    {
        long count = 1;
        foreach (long size in from)
        {
            count *= size;
        }

        double product = 1;
        int rest = -1;
        for (int axis = 0; axis < asked.Length; axis++)
        {
            sizes[axis] = asked[axis] == 0 && copiesZeros && axis < from.Length ? from[axis] : asked[axis];
            if (asked[axis] < -1 || (asked[axis] == -1 && rest >= 0) || (asked[axis] == 0 && copiesZeros && axis >= from.Length))
            {
                throw new DimensionOutOfBoundsException($"axis {axis} of the shape of {node}", asked[axis], 0, count, "");
            }

            if (asked[axis] == -1)
            {
                rest = axis;
            }
            else
            {
                product *= sizes[axis];
            }
        }

        if (rest >= 0 && product > 0 && product <= count)
        {
            sizes[rest] = count / (long)product;
            product *= sizes[rest];
        }

        if (product != count || (rest >= 0 && sizes[rest] < 0))
        {
            // With -1 it is the product of the other sizes that does not divide the number of elements.
            throw new DimensionOutOfBoundsException($"elements of the result of {node}", product < long.MaxValue ? (long)product : long.MaxValue, count, count, "");
        }
    }
}
