using System.Runtime.InteropServices;
using Cameo.Sessions;

namespace Cameo.Tests.Models;

/// <summary>The elements of tensors as double-precision numbers, for comparisons.</summary>
internal static class TensorNumbers
{
    public static bool IsFloatingPoint(ElementType type) => type
        is ElementType.Float32 or ElementType.Float64 or ElementType.Float16 or ElementType.BFloat16
        or ElementType.Float8E4M3FN or ElementType.Float8E4M3FNUZ or ElementType.Float8E5M2 or ElementType.Float8E5M2FNUZ or ElementType.Float8E8M0
        or ElementType.Float4E2M1 or ElementType.Complex64 or ElementType.Complex128;

    /// <summary>Reads elements in the form of the untyped interface, in which those of less than a byte take a whole one; a complex number gives two. A large
    /// integer becomes the nearest number: whoever wants to know whether two of them are the same compares their bytes.</summary>
    public static double[] Read(ElementType type, ReadOnlySpan<byte> bytes) => type switch
    {
        ElementType.Float32 or ElementType.Complex64 => Convert<float>(bytes, static value => value),
        ElementType.Float64 or ElementType.Complex128 => Convert<double>(bytes, static value => value),
        ElementType.Float16 => Convert<Half>(bytes, static value => (double)value),
        ElementType.BFloat16 => Convert<ushort>(bytes, static bits => BitConverter.Int32BitsToSingle(bits << 16)),
        ElementType.Int64 => Convert<long>(bytes, static value => value),
        ElementType.UInt64 => Convert<ulong>(bytes, static value => value),
        ElementType.Int32 => Convert<int>(bytes, static value => value),
        ElementType.UInt32 => Convert<uint>(bytes, static value => value),
        ElementType.Int16 => Convert<short>(bytes, static value => value),
        ElementType.UInt16 => Convert<ushort>(bytes, static value => value),
        ElementType.Int8 or ElementType.Int4 or ElementType.Int2 => Convert<sbyte>(bytes, static value => value),
        ElementType.UInt8 or ElementType.Boolean or ElementType.UInt4 or ElementType.UInt2 => Convert<byte>(bytes, static value => value),
        ElementType.Float8E4M3FN => Convert<byte>(bytes, static bits => (bits & 0x7F) == 0x7F ? double.NaN : Small(bits, exponentBits: 4, mantissaBits: 3, bias: 7)),
        ElementType.Float8E4M3FNUZ => Convert<byte>(bytes, static bits => bits == 0x80 ? double.NaN : Small(bits, exponentBits: 4, mantissaBits: 3, bias: 8)),
        ElementType.Float8E5M2 => Convert<byte>(bytes, static bits => (double)BitConverter.UInt16BitsToHalf((ushort)(bits << 8))),
        ElementType.Float8E5M2FNUZ => Convert<byte>(bytes, static bits => bits == 0x80 ? double.NaN : Small(bits, exponentBits: 5, mantissaBits: 2, bias: 16)),
        ElementType.Float8E8M0 => Convert<byte>(bytes, static bits => bits == 0xFF ? double.NaN : Math.ScaleB(1, bits - 127)),
        ElementType.Float4E2M1 => Convert<byte>(bytes, static bits => Small(bits, exponentBits: 2, mantissaBits: 1, bias: 1)),
        _ => throw new NotSupportedException($"Elements of type {type} are no numbers."),
    };

    /// <summary>A floating-point number with sign, exponent and mantissa, of which every pattern stands for a finite number.</summary>
    private static double Small(int bits, int exponentBits, int mantissaBits, int bias)
    {
        int mantissa = bits & ((1 << mantissaBits) - 1);
        int exponent = (bits >> mantissaBits) & ((1 << exponentBits) - 1);
        double magnitude = exponent == 0
            ? Math.ScaleB(mantissa, 1 - bias - mantissaBits)
            : Math.ScaleB((1 << mantissaBits) + mantissa, exponent - bias - mantissaBits);
        return (bits >> (mantissaBits + exponentBits) & 1) != 0 ? -magnitude : magnitude;
    }

    private static double[] Convert<T>(ReadOnlySpan<byte> bytes, Func<T, double> convert)
        where T : unmanaged
    {
        ReadOnlySpan<T> values = MemoryMarshal.Cast<byte, T>(bytes);
        double[] numbers = new double[values.Length];
        for (int index = 0; index < numbers.Length; index++)
        {
            numbers[index] = convert(values[index]);
        }

        return numbers;
    }
}
