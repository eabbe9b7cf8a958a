using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Cameo.Vectors;

/// <summary>Transposes small blocks of floats in registers.</summary>
internal static unsafe class Transposition
{
    /// <summary>Whether <see cref="FourByFour"/> can be used.</summary>
    public static bool IsSupported
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.IsHardwareAccelerated && (Sse.IsSupported || AdvSimd.Arm64.IsSupported);
    }

    /// <summary>destination[j, i] = source[i, j] for i, j in 0 … 3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FourByFour(float* source0, float* source1, float* source2, float* source3, float* destination, nint stride)
    {
        var row0 = Vector128.Load(source0);
        var row1 = Vector128.Load(source1);
        var row2 = Vector128.Load(source2);
        var row3 = Vector128.Load(source3);

        // 00 10 01 11 | 20 30 21 31 and the same for elements 2 and 3.
        Vector128<double> low01 = ZipLow(row0, row1).AsDouble();
        Vector128<double> low23 = ZipLow(row2, row3).AsDouble();
        Vector128<double> high01 = ZipHigh(row0, row1).AsDouble();
        Vector128<double> high23 = ZipHigh(row2, row3).AsDouble();

        // Pairs move as doubles: 00 10 20 30, 01 11 21 31, …
        ZipLow(low01, low23).AsSingle().Store(destination);
        ZipHigh(low01, low23).AsSingle().Store(destination + stride);
        ZipLow(high01, high23).AsSingle().Store(destination + (2 * stride));
        ZipHigh(high01, high23).AsSingle().Store(destination + (3 * stride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> ZipLow(Vector128<float> left, Vector128<float> right) =>
        Sse.IsSupported ? Sse.UnpackLow(left, right) : AdvSimd.Arm64.ZipLow(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> ZipHigh(Vector128<float> left, Vector128<float> right) =>
        Sse.IsSupported ? Sse.UnpackHigh(left, right) : AdvSimd.Arm64.ZipHigh(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> ZipLow(Vector128<double> left, Vector128<double> right) =>
        Sse2.IsSupported ? Sse2.UnpackLow(left, right) : AdvSimd.Arm64.ZipLow(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> ZipHigh(Vector128<double> left, Vector128<double> right) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(left, right) : AdvSimd.Arm64.ZipHigh(left, right);
}
