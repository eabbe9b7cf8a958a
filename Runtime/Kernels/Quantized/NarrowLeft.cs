using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// A few rows of float32 activations, made ready to meet words: multiplied by the factors that <see cref="INarrowFormat.Decode"/> left out, padded with zeros to whole segments, and
/// with their sum over each segment, by which zero points are taken off at its end.
/// </summary>
internal readonly unsafe struct NarrowLeft
{
    // Lanes of the widest vector, a multiple of the factors' period.
    private const int Pattern = 16;

    private NarrowLeft(float* elements, float* sums, nint stride, nint sumStride, bool isScaled)
    {
        IsScaled = isScaled;
        Elements = elements;
        Sums = sums;
        Stride = stride;
        SumStride = sumStride;
    }

    /// <summary>[rows][<see cref="Stride"/>] elements.</summary>
    public float* Elements { get; }

    /// <summary>[rows][<see cref="SumStride"/>] sums of the original elements.</summary>
    public float* Sums { get; }

    public nint Stride { get; }

    public nint SumStride { get; }

    /// <summary>Whether elements were multiplied by <see cref="HalfRow.ActivationScale"/> and not by the format's factor.</summary>
    public bool IsScaled { get; }

    /// <summary>What sums of products with weights as <see cref="INarrowFormat.Decode"/> gives them must be multiplied by.</summary>
    public float SumFactor<TFormat>()
        where TFormat : struct, INarrowFormat => IsScaled ? TFormat.Factor(0) / HalfRow.ActivationScale : 1;

    /// <summary>Floats of scratch memory that <see cref="Pack"/> needs.</summary>
    public static nint ScratchLength(in NarrowSegments segments, nint rows) => rows * (RowStride(segments) + segments.Count);

    /// <summary>Packs <paramref name="rows"/> rows and adds rows of zeros up to <paramref name="paddedRows"/>.</summary>
    public static NarrowLeft Pack<V, TFormat, TLeft>(in LeftRows<TLeft> a, nint rows, nint paddedRows, in NarrowSegments segments, float* scratch)
        where V : struct, IVector<V>
        where TFormat : struct, INarrowFormat
        where TLeft : unmanaged
    {
        nint stride = RowStride(segments);
        bool isScaled = typeof(TFormat) == typeof(HalfFormat) && paddedRows == 1 && HalfRow.IsSupported<V>() && Largest<V>(a.Read<V>(0, 1), segments.Depth) <= HalfRow.LargestActivation;
        var left = new NarrowLeft(scratch, scratch + (paddedRows * stride), stride, segments.Count, isScaled);
        float* factors = stackalloc float[Pattern];
        for (int index = 0; index < Pattern; index++)
        {
            factors[index] = isScaled ? HalfRow.ActivationScale : TFormat.Factor(index % TFormat.ElementsPerWord);
        }

        for (nint row = 0; row < paddedRows; row++)
        {
            float* to = left.Elements + (row * stride);
            float* sums = left.Sums + (row * left.SumStride);
            if (row < rows)
            {
                PackRow<V>(a.Read<V>(row, 1), factors, segments, to, sums);
            }
            else
            {
                new Span<float>(to, checked((int)stride)).Clear();
                new Span<float>(sums, checked((int)segments.Count)).Clear();
            }
        }

        return left;
    }

    /// <summary>The largest magnitude of a row; NaN where there is one.</summary>
    private static float Largest<V>(float* a, nint length)
        where V : struct, IVector<V>
    {
        V largest = V.Zero;
        nint index = 0;
        for (; index + V.Count <= length; index += V.Count)
        {
            largest = V.Max(largest, V.Abs(V.Load(a + index)));
        }

        float rest = V.ReduceMax(largest);
        for (; index < length; index++)
        {
            rest = MathF.Max(rest, MathF.Abs(a[index]));
        }

        return rest;
    }

    private static void PackRow<V>(float* a, float* factors, in NarrowSegments segments, float* to, float* sums)
        where V : struct, IVector<V>
    {
        for (nint segment = 0; segment < segments.Count; segment++)
        {
            nint length = segments.LengthOf(segment);
            V sum = V.Zero;
            nint index = 0;
            for (; index + V.Count <= length; index += V.Count)
            {
                V element = V.Load(a + index);
                sum += element;
                V.Store(element * V.Load(factors + (index % Pattern)), to + index);
            }

            float total = V.ReduceAdd(sum);
            for (; index < length; index++)
            {
                total += a[index];
                to[index] = a[index] * factors[index % Pattern];
            }

            for (; index < segments.Length; index++)
            {
                to[index] = 0;
            }

            sums[segment] = total;
            a += length;
            to += segments.Length;
        }
    }

    /// <summary>A line more than needed, so that rows are not a multiple of 4 KiB apart and evict each other.</summary>
    private static nint RowStride(in NarrowSegments segments) => segments.PaddedDepth + Prefetch.LineFloats;
}
