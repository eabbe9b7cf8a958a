using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>
/// Resizes any axes of a dense tensor of numbers in all ways that ONNX has: the weights of each axis' elements are computed first, and an element of the output is the sum over
/// all combinations. For images by one of the common filters there is <see cref="Resize"/>.
/// </summary>
public static unsafe class GeneralResize
{
    /// <summary>Scales of all axes from those given for some of them; other axes keep their size.</summary>
    /// <param name="given">A scale for each of the axes.</param>
    /// <param name="axes">The axes.</param>
    /// <param name="scales">Receives a scale for every axis.</param>
    public static void FromScales(float* given, ReadOnlySpan<int> axes, Span<double> scales)
    {
        scales.Fill(1);
        for (int index = 0; index < axes.Length; index++)
        {
            scales[axes[index]] = given[index];
        }
    }

    /// <summary>Scales of all axes from sizes asked for some of them; other axes keep their size.</summary>
    /// <param name="sizes">A size for each of the axes.</param>
    /// <param name="axes">The axes.</param>
    /// <param name="from">The input's sizes.</param>
    /// <param name="policy">What the sizes mean.</param>
    /// <param name="scales">Receives a scale for every axis.</param>
    public static void FromSizes(long* sizes, ReadOnlySpan<int> axes, ReadOnlySpan<long> from, ResizePolicy policy, Span<double> scales)
    {
        scales.Fill(1);
        double common = policy == ResizePolicy.NotLarger ? double.PositiveInfinity : 0;
        for (int index = 0; index < axes.Length; index++)
        {
            double scale = (double)sizes[index] / from[axes[index]];
            scales[axes[index]] = scale;
            common = policy == ResizePolicy.NotLarger ? Math.Min(common, scale) : Math.Max(common, scale);
        }

        for (int index = 0; policy != ResizePolicy.Stretch && index < axes.Length; index++)
        {
            scales[axes[index]] = common;
        }
    }

    /// <summary>The size that a scale makes of a size.</summary>
    /// <param name="from">The size.</param>
    /// <param name="scale">The scale.</param>
    /// <param name="rounds">Whether it is rounded to the nearest and not down.</param>
    public static long Size(long from, double scale, bool rounds) =>
        // The scale may be a rounded quotient of sizes.
        (long)Math.Floor((from * scale) + (rounds ? 0.5 : 1e-6));

    /// <summary>Resizes; a result of integers is cut off.</summary>
    /// <typeparam name="T">Type of the elements.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="input">The input.</param>
    /// <param name="from">Its sizes.</param>
    /// <param name="output">The output.</param>
    /// <param name="to">Its sizes, which must follow from the scales.</param>
    /// <param name="scales">A scale for each axis.</param>
    /// <param name="rounds">Whether sizes are rounded to the nearest and not down, as they are where a policy made the scales.</param>
    /// <param name="region">Begin and end of the region in each axis, as parts of its size: all begins, then all ends; may be empty.</param>
    /// <param name="options">What else there is to know.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="DimensionOutOfBoundsException">The output has other sizes than the scales give.</exception>
    public static void Run<T>(
        Workers workers, T* input, ReadOnlySpan<long> from, T* output, ReadOnlySpan<long> to, ReadOnlySpan<double> scales, bool rounds, ReadOnlySpan<double> region, in ResizeOptions options, string node)
        where T : unmanaged, INumber<T>
    {
        int rank = from.Length;
        long entries = 0, items = 1;
        for (int axis = 0; axis < rank; axis++)
        {
            // Nothing stays nothing under any scale.
            bool isEmpty = from[axis] == 0 && to[axis] == 0;
            long expected = isEmpty ? 0 : Size(from[axis], scales[axis], rounds);
            if (expected != to[axis] || (!isEmpty && !(scales[axis] > 0)))
            {
                throw new DimensionOutOfBoundsException($"axis {axis} of the result of {node}", to[axis], expected, expected, "");
            }

            entries += to[axis] * (1 + ResizeWeights.Taps(options, scales[axis], from[axis] == to[axis]));
            items *= axis < rank - 1 ? to[axis] : 1;
        }

        if (to.Contains(0))
        {
            return;
        }

        // Of each axis a list of first neighbours, then one of weights.
        double* table = (double*)workers.SharedScratch((nuint)(entries * sizeof(double)));
        ResizeAxisWeights* axes = stackalloc ResizeAxisWeights[rank];
        long stride = 1;
        for (int axis = rank - 1; axis >= 0; axis--)
        {
            (double begin, double end) = region.IsEmpty ? (0, 1) : (region[axis], region[rank + axis]);
            axes[axis] = ResizeWeights.Compute(options, from[axis], to[axis], scales[axis], begin, end, stride, ref table);
            stride *= from[axis];
        }

        var work = new GeneralResizeWork<T>(input, output, axes, rank, options.ExtrapolationValue);
        MoveParts.Run(workers, ref work, items, rank == 0 ? 0 : to[rank - 1] * sizeof(T) * 64);
    }
}
