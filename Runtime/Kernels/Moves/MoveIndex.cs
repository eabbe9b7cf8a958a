using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Cameo.Kernels;

/// <summary>Indices of moves: negative ones count from the end, others must lie inside the axis.</summary>
internal static class MoveIndex
{
    /// <summary>The index as a position from the start; throws where it lies outside the axis.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Resolve<TIndex>(TIndex index, long size, string node)
        where TIndex : unmanaged, IBinaryInteger<TIndex>
    {
        long position = long.CreateTruncating(index);
        if (position < 0)
        {
            position += size;
        }

        if ((ulong)position >= (ulong)size)
        {
            ThrowOutside(long.CreateTruncating(index), size, node);
        }

        return position;
    }

    [DoesNotReturn]
    private static void ThrowOutside(long index, long size, string node) =>
        throw new IndexOutOfRangeException($"{node}: index {index} is outside an axis of {size} elements (allowed are {-size} to {size - 1}).");
}
