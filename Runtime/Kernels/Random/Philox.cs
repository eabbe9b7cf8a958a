namespace Cameo.Kernels;

/// <summary>
/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): a number and a key give 128 random bits, so that every element of a result can be
/// computed by itself and threads do not matter.
/// </summary>
internal static class Philox
{
    private const uint Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57, Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;
    private const int Rounds = 10;

    /// <summary>The block of a stream at a place.</summary>
    public static (uint A, uint B, uint C, uint D) Block(ulong key, ulong place)
    {
        uint a = (uint)place, b = (uint)(place >> 32), c = 0, d = 0, key0 = (uint)key, key1 = (uint)(key >> 32);
        for (int round = 0; round < Rounds; round++)
        {
            ulong product0 = (ulong)Multiplier0 * a, product1 = (ulong)Multiplier1 * c;
            (a, b, c, d) = ((uint)(product1 >> 32) ^ b ^ key0, (uint)product1, (uint)(product0 >> 32) ^ d ^ key1, (uint)product0);
            key0 += Weyl0;
            key1 += Weyl1;
        }

        return (a, b, c, d);
    }

    /// <summary>Two numbers of 53 bits in [0, 1).</summary>
    public static (double First, double Second) Doubles(ulong key, ulong place)
    {
        (uint a, uint b, uint c, uint d) = Block(key, place);
        return (Fraction(a, b), Fraction(c, d));
    }

    private static double Fraction(uint high, uint low) => ((((ulong)high << 32) | low) >> 11) * (1.0 / (1L << 53));
}
