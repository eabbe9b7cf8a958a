using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Affine grids; an item is a row of positions.</summary>
internal readonly unsafe struct AffineGridWork<T>(T* transformations, int axes, long depth, long height, long width, bool alignsCorners, T* output) : IMoveWork
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T* _transformations = transformations;
    private readonly T* _output = output;

    public void Run(long begin, long end)
    {
        for (long row = begin; row < end; row++)
        {
            (long plane, long y) = Math.DivRem(row, height);
            (long image, long z) = Math.DivRem(plane, depth);
            T* matrix = _transformations + (image * axes * (axes + 1));
            T* target = _output + (row * width * axes);
            T vertical = Coordinate(y, height), inward = Coordinate(z, depth);
            for (int axis = 0; axis < axes; axis++, matrix += axes + 1)
            {
                T constant = (matrix[1] * vertical) + (axes == 2 ? matrix[2] : (matrix[2] * inward) + matrix[3]);
                for (long x = 0; x < width; x++)
                {
                    target[(x * axes) + axis] = (matrix[0] * Coordinate(x, width)) + constant;
                }
            }
        }
    }

    /// <summary>The place of an element between -1 and 1; -1 where it is the only one and its centre is the border.</summary>
    private T Coordinate(long index, long size)
    {
        T steps = T.CreateTruncating(alignsCorners ? Math.Max(1, size - 1) : size);
        return (T.CreateTruncating((2 * index) + (alignsCorners ? 0 : 1)) / steps) - T.One;
    }
}
