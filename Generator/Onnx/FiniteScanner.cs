using System.Runtime.InteropServices;
using static Cameo.Generator.Onnx.Proto.TensorProto.Types;

namespace Cameo.Generator.Onnx;

/// <summary>Tells whether floating-point elements are finite.</summary>
internal static class FiniteScanner
{
    private const uint SingleExponent = 0x7F80_0000;
    private const ulong DoubleExponent = 0x7FF0_0000_0000_0000;
    private const ushort HalfExponent = 0x7C00;
    private const ushort BFloat16Exponent = 0x7F80;
    private const byte Float8E5M2Exponent = 0x7C;

    public static bool AreFinite(DataType type, ReadOnlySpan<byte> elements) => type switch
    {
        DataType.Float or DataType.Complex64 => NoneHasExponent(MemoryMarshal.Cast<byte, uint>(elements), SingleExponent),
        DataType.Double or DataType.Complex128 => NoneHasExponent(MemoryMarshal.Cast<byte, ulong>(elements)),
        DataType.Float16 => NoneHasExponent(MemoryMarshal.Cast<byte, ushort>(elements), HalfExponent),
        DataType.Bfloat16 => NoneHasExponent(MemoryMarshal.Cast<byte, ushort>(elements), BFloat16Exponent),
        DataType.Float8E5M2 => NoneHasExponent(elements, Float8E5M2Exponent),

        // These have no infinity, and one or two codes for NaN.
        DataType.Float8E4M3Fn => elements.IndexOfAny((byte)0x7F, (byte)0xFF) < 0,
        DataType.Float8E4M3Fnuz or DataType.Float8E5M2Fnuz => elements.IndexOf((byte)0x80) < 0,
        DataType.Float8E8M0 => elements.IndexOf((byte)0xFF) < 0,
        _ => true,
    };

    private static bool NoneHasExponent(ReadOnlySpan<uint> elements, uint exponent)
    {
        foreach (uint element in elements)
        {
            if ((element & exponent) == exponent)
            {
                return false;
            }
        }

        return true;
    }

    private static bool NoneHasExponent(ReadOnlySpan<ulong> elements)
    {
        foreach (ulong element in elements)
        {
            if ((element & DoubleExponent) == DoubleExponent)
            {
                return false;
            }
        }

        return true;
    }

    private static bool NoneHasExponent(ReadOnlySpan<ushort> elements, ushort exponent)
    {
        foreach (ushort element in elements)
        {
            if ((element & exponent) == exponent)
            {
                return false;
            }
        }

        return true;
    }

    private static bool NoneHasExponent(ReadOnlySpan<byte> elements, byte exponent)
    {
        foreach (byte element in elements)
        {
            if ((element & exponent) == exponent)
            {
                return false;
            }
        }

        return true;
    }
}
