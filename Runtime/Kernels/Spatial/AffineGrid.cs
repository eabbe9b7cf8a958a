using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Grids of positions under affine transformations (ONNX's AffineGrid), for <see cref="GridSample"/>.</summary>
public static unsafe class AffineGrid
{
    /// <summary>Computes the grids.</summary>
    /// <typeparam name="T">float or double.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="transformations">[batch, axes, axes + 1], the innermost axis first.</param>
    /// <param name="batch">Number of transformations.</param>
    /// <param name="sizes">Sizes of the grid, outermost axis first: two or three.</param>
    /// <param name="alignsCorners">Whether -1 and 1 are the centres of the outer elements, and not their edges.</param>
    /// <param name="output">[batch, sizes, axes].</param>
    public static void Run<T>(Workers workers, T* transformations, long batch, ReadOnlySpan<long> sizes, bool alignsCorners, T* output)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (long depth, long height, long width) = sizes.Length == 2 ? (1, sizes[0], sizes[1]) : (sizes[0], sizes[1], sizes[2]);
        var work = new AffineGridWork<T>(transformations, sizes.Length, depth, height, width, alignsCorners, output);
        MoveParts.Run(workers, ref work, batch * depth * height, width * sizes.Length * sizes.Length * 4);
    }
}
