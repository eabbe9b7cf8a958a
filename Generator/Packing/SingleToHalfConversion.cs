namespace Cameo.Generator.Packing;

/// <summary>Float32 to float16, rounded to the nearest, ties to even: the scale factors of models whose weights take 4 or 8 bits, a million of them for each 32 million weights.</summary>
internal sealed unsafe class SingleToHalfConversion : ElementConversion
{
    private const int LostBits = 23 - 10;
    private const uint ExponentRebias = (127 - 15) << 23;

    // 65520, half way from the largest float16 to the next power of two: it rounds to infinity, as all above do.
    private const uint FirstInfinite = 0x477F_F000;

    // 2^-14: below lie multiples of 2^-24.
    private const uint FirstNormal = (127 - 14) << 23;
    private const uint Infinity = 0x7C00;
    private const uint NotANumber = 0x7E00;

    public override void Convert(byte* source, byte* destination, int count)
    {
        uint* from = (uint*)source;
        ushort* to = (ushort*)destination;
        for (int index = 0; index < count; index++)
        {
            to[index] = (ushort)Convert(from[index]);
        }
    }

    private static uint Convert(uint single)
    {
        uint sign = (single >> 16) & 0x8000;
        uint magnitude = single & 0x7FFF_FFFF;
        if (magnitude - FirstNormal < FirstInfinite - FirstNormal)
        {
            // Half a unit less one, and one more where the last bit that stays is odd; a carry goes into the exponent, where it belongs.
            uint roundsUp = ((1u << (LostBits - 1)) - 1) + ((magnitude >> LostBits) & 1);
            return sign | ((magnitude - ExponentRebias + roundsUp) >> LostBits);
        }

        if (magnitude >= FirstInfinite)
        {
            return sign | (magnitude > 0x7F80_0000 ? NotANumber : Infinity);
        }

        // Multiples of 2^-24 are the last bits of floats from 1/2 on: adding 1/2 rounds to them.
        float shifted = *(float*)&magnitude + 0.5f;
        return sign | (*(uint*)&shifted - 0x3F00_0000);
    }
}
