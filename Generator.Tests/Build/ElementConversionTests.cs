using System.Runtime.InteropServices;
using Cameo.Generator.Graphs;
using Cameo.Generator.Packing;
using Xunit;

namespace Cameo.Tests.Build;

/// <summary>Casts against the conversions of .NET itself, which is also what compiled code uses.</summary>
public sealed unsafe class ElementConversionTests
{
    private static readonly double[] Interesting =
    [
        0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 127, 128, 255, 256, -128, -129, 300, 32767.5, 65504, 65519.99, 65520, 65536, 70000, 2147483647, 2147483648, -2147483648, -2147483649,
        4294967295, 4294967296, 9.2233720368547748E18, 9.2233720368547758E18, 1.8446744073709552E19, -9.2233720368547758E18, 1e30, 3e38, 3.4028236e38, 1e-5, 5.9e-8, 2.98e-8, 2.9802322387695312E-08,
        6.1e-5, 1e-40, 1.401298464324817E-45, 1e-46, double.MaxValue, double.Epsilon, double.PositiveInfinity, double.NegativeInfinity, double.NaN,
        1 + Math.Pow(2, -11), 1 + Math.Pow(2, -11) + Math.Pow(2, -40), 1 + (3 * Math.Pow(2, -11)), 1 + Math.Pow(2, -8), 1 + Math.Pow(2, -8) + Math.Pow(2, -40), 1 + (3 * Math.Pow(2, -8)),
    ];

    private static readonly long[] InterestingIntegers =
    [
        0, 1, -1, 2, 127, 128, -128, -129, 255, 256, 2049, 2051, 65503, 65519, 65520, 16777217, 16777219, int.MaxValue, int.MinValue, uint.MaxValue, 9007199254740993, 9007199254740995,
        (1L << 62) + (1L << 38) + 1, (1L << 62) + (1L << 38), long.MaxValue, long.MinValue,
    ];

    [Fact]
    public void FloatingPointToFloatingPoint()
    {
        AssertConverts(ElementType.Float64, ElementType.Float32, Interesting, static value => (float)value);
        AssertConverts(ElementType.Float64, ElementType.Float16, Interesting, static value => (Half)value);
        AssertConverts(ElementType.Float32, ElementType.Float16, Floats(), static value => (Half)value);
        AssertConverts(ElementType.Float32, ElementType.Float64, Floats(), static value => (double)value);
        AssertConverts(ElementType.Float16, ElementType.Float32, Halves(), static value => (float)value);
        AssertConverts(ElementType.Float16, ElementType.Float64, Halves(), static value => (double)value);
    }

    [Fact]
    public void BFloat16IsTheUpperHalfOfFloat32RoundedToEven()
    {
        AssertConverts(ElementType.BFloat16, ElementType.Float32, AllBits(), static bits => BitConverter.UInt32BitsToSingle((uint)bits << 16));
        AssertConverts(ElementType.Float32, ElementType.BFloat16, Floats(), static value =>
        {
            uint bits = BitConverter.SingleToUInt32Bits(value);
            return float.IsNaN(value) ? (ushort)(((bits >> 16) & 0x8000) | 0x7FC0) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
        });
    }

    [Fact]
    public void FloatingPointToInteger()
    {
        AssertConverts(ElementType.Float64, ElementType.Int64, Interesting, static value => (long)value);
        AssertConverts(ElementType.Float64, ElementType.UInt64, Interesting, static value => (ulong)value);
        AssertConverts(ElementType.Float64, ElementType.Int32, Interesting, static value => (int)value);
        AssertConverts(ElementType.Float64, ElementType.UInt32, Interesting, static value => (uint)value);
        AssertConverts(ElementType.Float32, ElementType.Int32, Floats(), static value => (int)value);
        AssertConverts(ElementType.Float64, ElementType.Boolean, Interesting, static value => value != 0);
        AssertConverts(ElementType.Float32, ElementType.UInt8, [0f, 1.9f, 254.5f, 255f, -0.9f], static value => (byte)value);
        AssertConverts(ElementType.Float32, ElementType.Int8, [0f, 1.9f, -127.5f, -128f, 127.9f], static value => (sbyte)value);
        AssertConverts(ElementType.Float32, ElementType.Int16, [0f, 32767.5f, -32768f], static value => (short)value);
    }

    [Fact]
    public void IntegerToFloatingPointRoundsOnce()
    {
        AssertConverts(ElementType.Int64, ElementType.Float32, InterestingIntegers, static value => (float)value);
        AssertConverts(ElementType.Int64, ElementType.Float64, InterestingIntegers, static value => (double)value);
        AssertConverts(ElementType.UInt64, ElementType.Float32, Unsigned(), static value => (float)value);
        AssertConverts(ElementType.UInt64, ElementType.Float64, Unsigned(), static value => (double)value);
        AssertConverts(ElementType.Int32, ElementType.Float16, [0, 2049, 2051, -2049, 65519, 65520, 70000], static value => (Half)value);
        AssertConverts(ElementType.UInt8, ElementType.Float32, new byte[] { 0, 1, 255 }, static value => (float)value);
        AssertConverts(ElementType.Int8, ElementType.Float32, new sbyte[] { 0, -1, 127, -128 }, static value => (float)value);
        AssertConverts(ElementType.Boolean, ElementType.Float32, new byte[] { 0, 1 }, static value => (float)value);
    }

    [Fact]
    public void IntegerToIntegerWrapsAround()
    {
        AssertConverts(ElementType.Int64, ElementType.Int32, InterestingIntegers, static value => unchecked((int)value));
        AssertConverts(ElementType.Int64, ElementType.UInt8, InterestingIntegers, static value => unchecked((byte)value));
        AssertConverts(ElementType.Int64, ElementType.Boolean, InterestingIntegers, static value => value != 0);
        AssertConverts(ElementType.Int32, ElementType.UInt64, new int[] { -1, 5 }, static value => unchecked((ulong)value));
        AssertConverts(ElementType.UInt32, ElementType.Int64, new uint[] { 5, uint.MaxValue }, static value => (long)value);
        AssertConverts(ElementType.Int16, ElementType.Int64, new short[] { 5, -5 }, static value => (long)value);
        AssertConverts(ElementType.UInt16, ElementType.Int32, new ushort[] { 5, 65535 }, static value => (int)value);
    }

    [Theory]
    [InlineData((int)ElementType.Float8E4M3FN, 0x7E, 448f)]
    [InlineData((int)ElementType.Float8E4M3FN, 0x01, 0.001953125f)]
    [InlineData((int)ElementType.Float8E4M3FN, 0x7F, float.NaN)]
    [InlineData((int)ElementType.Float8E4M3FNUZ, 0x7F, 240f)]
    [InlineData((int)ElementType.Float8E4M3FNUZ, 0x80, float.NaN)]
    [InlineData((int)ElementType.Float8E5M2, 0x7B, 57344f)]
    [InlineData((int)ElementType.Float8E5M2, 0xFC, float.NegativeInfinity)]
    [InlineData((int)ElementType.Float8E5M2FNUZ, 0x7F, 57344f)]
    [InlineData((int)ElementType.Float8E8M0, 0x7F, 1f)]
    [InlineData((int)ElementType.Float4E2M1, 0x0F, -6f)]
    [InlineData((int)ElementType.Float4E2M1, 0x01, 0.5f)]
    public void EightBitFloatsWiden(int type, byte bits, float expected)
        => AssertConverts((ElementType)type, ElementType.Float32, new[] { bits }, _ => expected);

    private static float[] Floats()
    {
        Random random = new(5);
        return [.. Interesting.Select(static value => (float)value), .. Enumerable.Range(0, 20000).Select(_ => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)))];
    }

    private static Half[] Halves() => [.. AllBits().Select(BitConverter.UInt16BitsToHalf)];

    private static ushort[] AllBits() => [.. Enumerable.Range(0, 1 << 16).Select(static bits => (ushort)bits)];

    private static ulong[] Unsigned() => [.. InterestingIntegers.Select(static value => unchecked((ulong)value))];

    private static void AssertConverts<TFrom, TTo>(ElementType from, ElementType to, TFrom[] values, Func<TFrom, TTo> oracle)
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        ElementConversion conversion = ElementConversion.Create(from, to)!;
        TTo[] actual = new TTo[values.Length];
        for (int first = 0; first < values.Length; first += 1000)
        {
            int count = Math.Min(1000, values.Length - first);
            fixed (TFrom* source = values)
            {
                fixed (TTo* destination = actual)
                {
                    conversion.Convert((byte*)(source + first), (byte*)(destination + first), count);
                }
            }
        }

        for (int index = 0; index < values.Length; index++)
        {
            TTo expected = oracle(values[index]);
            bool bothNaN = IsNaN(expected) && IsNaN(actual[index]);
            Assert.True(
                bothNaN || MemoryMarshal.AsBytes([expected]).SequenceEqual(MemoryMarshal.AsBytes([actual[index]])),
                $"{from} → {to} of {values[index]}: {actual[index]} instead of {expected}");
        }
    }

    private static bool IsNaN<T>(T value) => value switch
    {
        float single => float.IsNaN(single),
        double wide => double.IsNaN(wide),
        Half half => Half.IsNaN(half),
        _ => false,
    };
}
