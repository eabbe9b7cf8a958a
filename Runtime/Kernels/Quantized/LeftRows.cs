using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Rows of a left operand as float32: where they lie, or widened a few at a time.</summary>
/// <param name="a">Rows of contiguous elements: float, <see cref="Half"/> or <see cref="BFloat16"/>.</param>
/// <param name="stride">Elements from one row to the next.</param>
/// <param name="depth">Elements of a row.</param>
/// <param name="widened">Room for <see cref="ScratchLength"/> of the most rows asked for at a time.</param>
internal readonly unsafe struct LeftRows<TLeft>(TLeft* a, nint stride, nint depth, float* widened)
    where TLeft : unmanaged
{
    /// <summary>Floats from one row to the next.</summary>
    public nint Stride => typeof(TLeft) == typeof(float) ? stride : depth;

    /// <summary>Floats of scratch memory for so many rows at a time, a multiple of a line.</summary>
    public static nint ScratchLength(nint rows, nint depth) =>
        typeof(TLeft) == typeof(float) ? 0 : ((rows * depth) + Prefetch.LineFloats - 1) / Prefetch.LineFloats * Prefetch.LineFloats;

    /// <summary>Some rows, until others are asked for.</summary>
    public float* Read<V>(nint row, nint rows)
        where V : struct, IVector<V>
    {
        TLeft* from = a + (row * stride);
        if (typeof(TLeft) == typeof(float))
        {
            return (float*)from;
        }

        for (nint index = 0; index < rows; index++)
        {
            Widen<V>(from, widened + (index * depth));
            from += stride;
        }

        return widened;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Widen<V>(TLeft* from, float* to)
        where V : struct, IVector<V>
    {
        nint index = 0;
        for (; index + V.Count <= depth; index += V.Count)
        {
            V.Store(NarrowLanes.Load<V, TLeft>(from + index), to + index);
        }

        for (; index < depth; index++)
        {
            ScalarFloat.Store(NarrowLanes.Load<ScalarFloat, TLeft>(from + index), to + index);
        }
    }
}
