using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Cameo.Vectors;

/// <summary>Transposes blocks as high as they are wide: as many rows as a vector has lanes.</summary>
internal static unsafe class BlockTransposition
{
    /// <summary><c>destination[j · destinationStride + i] = source[min(i, lastRow) · sourceStride + j]</c> for i, j below the number of lanes.</summary>
    /// <param name="source">First element; full vectors are read.</param>
    /// <param name="sourceStride">Floats from one row to the next.</param>
    /// <param name="lastRow">Last row to read; it stands for those beyond it too.</param>
    /// <param name="destination">First element; full vectors are written.</param>
    /// <param name="destinationStride">Floats from one row of the result to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Transpose<V>(float* source, nint sourceStride, nint lastRow, float* destination, nint destinationStride)
        where V : struct, IVector<V>
    {
        if (V.Count == 16 && Avx512F.IsSupported)
        {
            Sixteen(source, sourceStride, lastRow, destination, destinationStride);
        }
        else if (V.Count == 8 && Avx.IsSupported)
        {
            Eight(source, sourceStride, lastRow, destination, destinationStride);
        }
        else if (V.Count == 4 && Transposition.IsSupported)
        {
            Transposition.FourByFour(
                source,
                source + (Math.Min(1, lastRow) * sourceStride),
                source + (Math.Min(2, lastRow) * sourceStride),
                source + (Math.Min(3, lastRow) * sourceStride),
                destination,
                destinationStride);
        }
        else
        {
            OneByOne(V.Count, source, sourceStride, lastRow, destination, destinationStride);
        }
    }

    private static void OneByOne(int lanes, float* source, nint sourceStride, nint lastRow, float* destination, nint destinationStride)
    {
        for (nint row = 0; row < lanes; row++)
        {
            for (nint column = 0; column < lanes; column++)
            {
                destination[(column * destinationStride) + row] = source[(Math.Min(row, lastRow) * sourceStride) + column];
            }
        }
    }

    private static void Eight(float* source, nint stride, nint last, float* destination, nint step)
    {
        Vector256<float> r0 = Vector256.Load(source);
        Vector256<float> r1 = Vector256.Load(source + (Math.Min(1, last) * stride));
        Vector256<float> r2 = Vector256.Load(source + (Math.Min(2, last) * stride));
        Vector256<float> r3 = Vector256.Load(source + (Math.Min(3, last) * stride));
        Vector256<float> r4 = Vector256.Load(source + (Math.Min(4, last) * stride));
        Vector256<float> r5 = Vector256.Load(source + (Math.Min(5, last) * stride));
        Vector256<float> r6 = Vector256.Load(source + (Math.Min(6, last) * stride));
        Vector256<float> r7 = Vector256.Load(source + (Math.Min(7, last) * stride));

        // Fours of rows: a0 holds columns 0 | 4 of rows 0 to 3, a1 columns 1 | 5, and so on; b the same of rows 4 to 7.
        Four(r0, r1, r2, r3, out Vector256<float> a0, out Vector256<float> a1, out Vector256<float> a2, out Vector256<float> a3);
        Four(r4, r5, r6, r7, out Vector256<float> b0, out Vector256<float> b1, out Vector256<float> b2, out Vector256<float> b3);
        Avx.Permute2x128(a0, b0, 0x20).Store(destination);
        Avx.Permute2x128(a1, b1, 0x20).Store(destination + step);
        Avx.Permute2x128(a2, b2, 0x20).Store(destination + (2 * step));
        Avx.Permute2x128(a3, b3, 0x20).Store(destination + (3 * step));
        Avx.Permute2x128(a0, b0, 0x31).Store(destination + (4 * step));
        Avx.Permute2x128(a1, b1, 0x31).Store(destination + (5 * step));
        Avx.Permute2x128(a2, b2, 0x31).Store(destination + (6 * step));
        Avx.Permute2x128(a3, b3, 0x31).Store(destination + (7 * step));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(
        Vector256<float> r0,
        Vector256<float> r1,
        Vector256<float> r2,
        Vector256<float> r3,
        out Vector256<float> c0,
        out Vector256<float> c1,
        out Vector256<float> c2,
        out Vector256<float> c3)
    {
        Vector256<double> low01 = Avx.UnpackLow(r0, r1).AsDouble(), high01 = Avx.UnpackHigh(r0, r1).AsDouble();
        Vector256<double> low23 = Avx.UnpackLow(r2, r3).AsDouble(), high23 = Avx.UnpackHigh(r2, r3).AsDouble();
        c0 = Avx.UnpackLow(low01, low23).AsSingle();
        c1 = Avx.UnpackHigh(low01, low23).AsSingle();
        c2 = Avx.UnpackLow(high01, high23).AsSingle();
        c3 = Avx.UnpackHigh(high01, high23).AsSingle();
    }

    private static void Sixteen(float* source, nint stride, nint last, float* destination, nint step)
    {
        Four(source, stride, last, 0, out Vector512<float> a0, out Vector512<float> a1, out Vector512<float> a2, out Vector512<float> a3);
        Four(source, stride, last, 4, out Vector512<float> b0, out Vector512<float> b1, out Vector512<float> b2, out Vector512<float> b3);
        Four(source, stride, last, 8, out Vector512<float> c0, out Vector512<float> c1, out Vector512<float> c2, out Vector512<float> c3);
        Four(source, stride, last, 12, out Vector512<float> d0, out Vector512<float> d1, out Vector512<float> d2, out Vector512<float> d3);
        Store(a0, b0, c0, d0, destination, 4 * step);
        Store(a1, b1, c1, d1, destination + step, 4 * step);
        Store(a2, b2, c2, d2, destination + (2 * step), 4 * step);
        Store(a3, b3, c3, d3, destination + (3 * step), 4 * step);
    }

    /// <summary>Of four rows: column0 holds columns 0 | 4 | 8 | 12, column1 columns 1 | 5 | 9 | 13, and so on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(
        float* source,
        nint stride,
        nint last,
        nint row,
        out Vector512<float> column0,
        out Vector512<float> column1,
        out Vector512<float> column2,
        out Vector512<float> column3)
    {
        Vector512<float> r0 = Vector512.Load(source + (Math.Min(row, last) * stride));
        Vector512<float> r1 = Vector512.Load(source + (Math.Min(row + 1, last) * stride));
        Vector512<float> r2 = Vector512.Load(source + (Math.Min(row + 2, last) * stride));
        Vector512<float> r3 = Vector512.Load(source + (Math.Min(row + 3, last) * stride));
        Vector512<double> low01 = Avx512F.UnpackLow(r0, r1).AsDouble(), high01 = Avx512F.UnpackHigh(r0, r1).AsDouble();
        Vector512<double> low23 = Avx512F.UnpackLow(r2, r3).AsDouble(), high23 = Avx512F.UnpackHigh(r2, r3).AsDouble();
        column0 = Avx512F.UnpackLow(low01, low23).AsSingle();
        column1 = Avx512F.UnpackHigh(low01, low23).AsSingle();
        column2 = Avx512F.UnpackLow(high01, high23).AsSingle();
        column3 = Avx512F.UnpackHigh(high01, high23).AsSingle();
    }

    /// <summary>Puts quarters of four rows each together to columns 0, 4, 8 and 12 of sixteen rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, float* destination, nint step)
    {
        // Quarters 0 and 2 of both, quarters 1 and 3 of both.
        Vector512<float> evenAb = Avx512F.Shuffle4x128(a, b, 0b10_00_10_00), oddAb = Avx512F.Shuffle4x128(a, b, 0b11_01_11_01);
        Vector512<float> evenCd = Avx512F.Shuffle4x128(c, d, 0b10_00_10_00), oddCd = Avx512F.Shuffle4x128(c, d, 0b11_01_11_01);
        Avx512F.Shuffle4x128(evenAb, evenCd, 0b10_00_10_00).Store(destination);
        Avx512F.Shuffle4x128(oddAb, oddCd, 0b10_00_10_00).Store(destination + step);
        Avx512F.Shuffle4x128(evenAb, evenCd, 0b11_01_11_01).Store(destination + (2 * step));
        Avx512F.Shuffle4x128(oddAb, oddCd, 0b11_01_11_01).Store(destination + (3 * step));
    }
}
