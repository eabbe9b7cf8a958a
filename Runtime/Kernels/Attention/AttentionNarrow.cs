using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Moves operands of an attention between 16-bit memory and float32 scratch memory.</summary>
internal static unsafe class AttentionNarrow
{
    /// <summary>The address of an element.</summary>
    public static void* At(void* data, nint index, AttentionElement element) => (byte*)data + (index * (element == AttentionElement.Float32 ? sizeof(float) : sizeof(ushort)));

    /// <summary>Widens rows [count, size] so that each is <paramref name="padded"/> elements long, filled up with 0.</summary>
    public static void Widen<V>(void* source, AttentionElement element, nint stride, nint count, nint size, float* target, nint padded)
        where V : struct, IVector<V>
    {
        for (nint row = 0; row < count; row++)
        {
            if (element == AttentionElement.Float16)
            {
                WidenRow<V, Half>((Half*)source + (row * stride), size, target);
            }
            else
            {
                WidenRow<V, BFloat16>((BFloat16*)source + (row * stride), size, target);
            }

            new Span<float>(target + size, (int)(padded - size)).Clear();
            target += padded;
        }
    }

    /// <summary>Stores a row rounded to the nearest, ties to even.</summary>
    public static void Narrow<V>(float* source, nint size, void* target, AttentionElement element)
        where V : struct, IVector<V>
    {
        if (element == AttentionElement.Float16)
        {
            NarrowRow<V, Half>(source, size, (Half*)target);
        }
        else
        {
            NarrowRow<V, BFloat16>(source, size, (BFloat16*)target);
        }
    }

    private static void WidenRow<V, T>(T* source, nint size, float* target)
        where V : struct, IVector<V>
        where T : unmanaged
    {
        nint index = 0;
        for (; index + V.Count <= size; index += V.Count)
        {
            V.Store(NarrowLanes.Load<V, T>(source + index), target + index);
        }

        for (; index < size; index++)
        {
            target[index] = NarrowLanes.Load<ScalarFloat, T>(source + index).Value;
        }
    }

    private static void NarrowRow<V, T>(float* source, nint size, T* target)
        where V : struct, IVector<V>
        where T : unmanaged
    {
        nint index = 0;
        for (; index + V.Count <= size; index += V.Count)
        {
            NarrowLanes.Store(V.Load(source + index), target + index);
        }

        for (; index < size; index++)
        {
            NarrowLanes.Store(new ScalarFloat(source[index]), target + index);
        }
    }
}
