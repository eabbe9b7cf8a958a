using System.Numerics;
using System.Runtime.CompilerServices;

namespace Cameo.Kernels;

/// <summary>Sizes of a tensor that is walked in row-major order, and strides of another one that follows: up to 8 axes, without allocation.</summary>
internal unsafe struct MoveShape
{
    /// <summary>Most axes a move can have.</summary>
    public const int MaximumRank = 8;

    /// <summary>Strides, in elements, of the tensor that follows.</summary>
    public Axes Strides;

    private Axes _sizes;

    /// <summary>Walks <paramref name="walked"/>; the other tensor is dense with the sizes <paramref name="followed"/> (of equal rank).</summary>
    public MoveShape(ReadOnlySpan<long> walked, ReadOnlySpan<long> followed)
    {
        if (walked.Length > MaximumRank)
        {
            throw new NotSupportedException($"A move has at most {MaximumRank} axes, not {walked.Length}.");
        }

        Rank = walked.Length;
        long stride = 1;
        for (int axis = Rank - 1; axis >= 0; axis--)
        {
            _sizes[axis] = walked[axis];
            Strides[axis] = stride;
            stride *= followed[axis];
        }
    }

    public int Rank { get; }

    public static long Count(ReadOnlySpan<long> sizes)
    {
        long count = 1;
        foreach (long size in sizes)
        {
            count *= size;
        }

        return count;
    }

    /// <summary>Elements between neighbours along an axis of a dense tensor.</summary>
    public static long Stride(ReadOnlySpan<long> sizes, int axis) => Count(sizes[(axis + 1)..]);

    public readonly long Size(int axis) => _sizes[axis];

    /// <summary>Offset in the tensor that follows of the walked tensor's element at a flat index.</summary>
    public readonly long Offset(long index)
    {
        long offset = 0;
        for (int axis = Rank - 1; axis >= 0; axis--)
        {
            long rest = index / _sizes[axis];
            offset += (index - (rest * _sizes[axis])) * Strides[axis];
            index = rest;
        }

        return offset;
    }

    /// <summary>Offset of the element that a tuple of indices names; throws where one lies outside its axis.</summary>
    public readonly long Locate<TIndex>(TIndex* tuple, string node)
        where TIndex : unmanaged, IBinaryInteger<TIndex>
    {
        long offset = 0;
        for (int axis = 0; axis < Rank; axis++)
        {
            offset += MoveIndex.Resolve(tuple[axis], _sizes[axis], node) * Strides[axis];
        }

        return offset;
    }

    /// <summary>A number an axis.</summary>
    [InlineArray(MaximumRank)]
    internal struct Axes
    {
        private long _first;
    }
}
