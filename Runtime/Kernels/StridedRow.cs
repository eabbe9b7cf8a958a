using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Gathers elements at a fixed distance. Distance 2, the stride of most pooling and downsampling, is done with shuffles.</summary>
internal static unsafe class StridedRow
{
    /// <summary><c>destination[i] = source[i · step]</c>; reads and writes nothing beyond.</summary>
    public static void Copy<V>(float* source, nint step, float* destination, nint count)
        where V : struct, IVector<V>
    {
        nint index = 0;
        if (step == 2 && V.Count > 1)
        {
            // The second vector ends one element after the last one needed, so the last vector is left to the scalar loop.
            for (; index + V.Count < count; index += V.Count)
            {
                V.Store(LoadEven<V>(source + (index * 2)), destination + index);
            }
        }

        for (; index < count; index++)
        {
            destination[index] = source[index * step];
        }
    }

    /// <summary>Elements 0, 2, 4 … of 2 · Count floats at <paramref name="source"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadEven<V>(float* source)
        where V : struct, IVector<V>
    {
        if (typeof(V) == typeof(Vector512Float))
        {
            Vector256<float> low = LoadEven256(source);
            Vector256<float> high = LoadEven256(source + 16);
            return (V)(object)new Vector512Float(Vector512.Create(low, high));
        }

        if (typeof(V) == typeof(Vector256Float))
        {
            return (V)(object)new Vector256Float(LoadEven256(source));
        }

        return (V)(object)new Vector128Float(LoadEven128(source));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> LoadEven256(float* source) => Vector256.Create(LoadEven128(source), LoadEven128(source + 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> LoadEven128(float* source)
    {
        Vector128<float> low = Vector128.Shuffle(Vector128.Load(source), Vector128.Create(0, 2, 0, 2));
        Vector128<float> high = Vector128.Shuffle(Vector128.Load(source + 4), Vector128.Create(0, 2, 0, 2));
        return Vector128.Create(low.GetLower(), high.GetLower());
    }
}
