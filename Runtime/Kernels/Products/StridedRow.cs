using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Copies short rows, or elements at a fixed distance from each other; distance 2, the stride of most pooling and downsampling,
/// is done with shuffles. Nothing beyond the elements asked for is read or written.
/// </summary>
internal static unsafe class StridedRow
{
    /// <summary><c>destination[i] = source[i · step]</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy<V>(float* source, nint step, float* destination, nint count)
        where V : struct, IVector<V>
    {
        if (step == 1)
        {
            CopyContiguous<V>(source, destination, count);
        }
        else
        {
            CopyStrided<V>(source, step, destination, count);
        }
    }

    /// <summary>Copies with full vectors, the last one overlapping the one before; a call per row costs more than the copy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyContiguous<V>(float* source, float* destination, nint count)
        where V : struct, IVector<V>
    {
        if (count >= V.Count)
        {
            CopyOverlapping<V>(source, destination, count);
        }
        else if (V.Count > 8 && count >= 8)
        {
            CopyOverlapping<Vector256Float>(source, destination, count);
        }
        else if (V.Count > 4 && count >= 4)
        {
            CopyOverlapping<Vector128Float>(source, destination, count);
        }
        else
        {
            for (nint index = 0; index < count; index++)
            {
                destination[index] = source[index];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyOverlapping<V>(float* source, float* destination, nint count)
        where V : struct, IVector<V>
    {
        for (nint index = 0; index + V.Count < count; index += V.Count)
        {
            V.Store(V.Load(source + index), destination + index);
        }

        V.Store(V.Load(source + count - V.Count), destination + count - V.Count);
    }

    private static void CopyStrided<V>(float* source, nint step, float* destination, nint count)
        where V : struct, IVector<V>
    {
        nint index = 0;
        if (step == 2)
        {
            index = CopyEven<V>(source, destination, 0, count);
            index = V.Count > 8 ? CopyEven<Vector256Float>(source, destination, index, count) : index;
            index = V.Count > 4 ? CopyEven<Vector128Float>(source, destination, index, count) : index;
        }

        for (; index < count; index++)
        {
            destination[index] = source[index * step];
        }
    }

    /// <summary>Copies every second element from <paramref name="index"/> on and returns where it stopped.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint CopyEven<V>(float* source, float* destination, nint index, nint count)
        where V : struct, IVector<V>
    {
        // A vector reads one element beyond the last it keeps, so at least one element is left over.
        for (; V.Count > 1 && index + V.Count < count; index += V.Count)
        {
            V.Store(LoadEven<V>(source + (index * 2)), destination + index);
        }

        return index;
    }

    /// <summary>Elements 0, 2, 4 … of 2 · Count floats at <paramref name="source"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadEven<V>(float* source)
        where V : struct, IVector<V>
    {
        if (typeof(V) == typeof(Vector512Float))
        {
            return Unsafe.BitCast<Vector512Float, V>(new Vector512Float(LoadEven512(source)));
        }

        if (typeof(V) == typeof(Vector256Float))
        {
            return Unsafe.BitCast<Vector256Float, V>(new Vector256Float(LoadEven256(source)));
        }

        return Unsafe.BitCast<Vector128Float, V>(new Vector128Float(LoadEven128(source)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> LoadEven512(float* source)
    {
        if (Avx512F.IsSupported)
        {
            Vector512<int> even = Vector512.Create(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            return Avx512F.PermuteVar16x32x2(Vector512.Load(source), even, Vector512.Load(source + 16));
        }

        return Vector512.Create(LoadEven256(source), LoadEven256(source + 16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> LoadEven256(float* source)
    {
        if (Avx2.IsSupported)
        {
            // Shuffling works within halves: 0 2 8 10 | 4 6 12 14, in pairs 0 1 | 2 3 to be 0 2 | 1 3.
            Vector256<float> pairs = Avx.Shuffle(Vector256.Load(source), Vector256.Load(source + 8), 0b10_00_10_00);
            return Avx2.Permute4x64(pairs.AsDouble(), 0b11_01_10_00).AsSingle();
        }

        return Vector256.Create(LoadEven128(source), LoadEven128(source + 8));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> LoadEven128(float* source)
    {
        if (Sse.IsSupported)
        {
            return Sse.Shuffle(Vector128.Load(source), Vector128.Load(source + 4), 0b10_00_10_00);
        }

        if (AdvSimd.Arm64.IsSupported)
        {
            return AdvSimd.Arm64.UnzipEven(Vector128.Load(source), Vector128.Load(source + 4));
        }

        return Vector128.Create(source[0], source[2], source[4], source[6]);
    }
}
