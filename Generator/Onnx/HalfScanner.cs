using System.Runtime.InteropServices;

namespace Cameo.Generator.Onnx;

/// <summary>Tells whether float32 elements are finite float16 numbers: those a converter widened, most often.</summary>
internal static class HalfScanner
{
    private const uint FractionBits = 23;
    private const uint Fraction = (1 << (int)FractionBits) - 1;

    // Float16 has 10 bits of fraction; its exponents of normal numbers, as float32 has them.
    private const uint LostBits = FractionBits - 10;
    private const uint LowestExponent = 127 - 14;
    private const uint HighestExponent = 127 + 15;

    public static bool AreHalf(ReadOnlySpan<byte> elements)
    {
        foreach (uint element in MemoryMarshal.Cast<byte, uint>(elements))
        {
            if (!IsHalf(element))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsHalf(uint element)
    {
        uint exponent = (element << 1) >> (int)(FractionBits + 1);
        if (exponent >= LowestExponent)
        {
            return exponent <= HighestExponent && (element & ((1u << (int)LostBits) - 1)) == 0;
        }

        // Subnormal as float16: each step below loses one bit more, and with the tenth even the leading one is not lost.
        uint below = LowestExponent - exponent;
        return (element << 1) == 0 || (below <= 10 && (element & Fraction & ((1u << (int)(LostBits + below)) - 1)) == 0);
    }
}
