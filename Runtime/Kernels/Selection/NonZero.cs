using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Finds the elements of a dense tensor that are not 0. Elements are told apart by their bits: what is masked does not count.</summary>
public static unsafe class NonZero
{
    /// <summary>How many elements are not 0.</summary>
    /// <typeparam name="T">An unsigned type of the elements' size.</typeparam>
    /// <param name="data">The elements.</param>
    /// <param name="length">How many there are.</param>
    /// <param name="mask">Bits that count: all but the sign of floating-point numbers.</param>
    public static long Count<T>(T* data, long length, T mask)
        where T : unmanaged, IBinaryInteger<T>
    {
        long count = 0;
        for (long index = 0; index < length; index++)
        {
            count += (data[index] & mask) != T.Zero ? 1 : 0;
        }

        return count;
    }

    /// <summary>The coordinates of the elements that are not 0, in row-major order.</summary>
    /// <typeparam name="T">An unsigned type of the elements' size.</typeparam>
    /// <param name="data">The elements.</param>
    /// <param name="sizes">The shape.</param>
    /// <param name="mask">Bits that count.</param>
    /// <param name="count">What <see cref="Count"/> gave.</param>
    /// <param name="coordinates">Receives [rank, count] coordinates.</param>
    public static void Coordinates<T>(T* data, ReadOnlySpan<long> sizes, T mask, long count, long* coordinates)
        where T : unmanaged, IBinaryInteger<T>
    {
        int rank = sizes.Length;
        if (count == 0 || rank == 0)
        {
            return;
        }

        Span<long> position = stackalloc long[rank];
        position.Clear();
        long row = sizes[rank - 1];
        for (long found = 0; found < count; data += row)
        {
            for (long column = 0; column < row; column++)
            {
                if ((data[column] & mask) != T.Zero)
                {
                    for (int axis = 0; axis < rank - 1; axis++)
                    {
                        coordinates[(axis * count) + found] = position[axis];
                    }

                    coordinates[((rank - 1) * count) + found] = column;
                    found++;
                }
            }

            for (int axis = rank - 2; axis >= 0 && ++position[axis] == sizes[axis]; axis--)
            {
                position[axis] = 0;
            }
        }
    }
}
