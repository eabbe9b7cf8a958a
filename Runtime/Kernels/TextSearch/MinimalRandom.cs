namespace Cameo.Kernels;

/// <summary>
/// The "minimal standard" generator of Park and Miller (Communications of the ACM 31, 1988): x ← 16807·x mod 2³¹−1. Two of its numbers make one of type double, the first being the lower part.
/// </summary>
internal static class MinimalRandom
{
    private const uint Modulus = int.MaxValue, Multiplier = 16807;

    /// <summary>The state that a seed begins with.</summary>
    public static uint Begin(long seed)
    {
        uint state = (uint)seed % Modulus;
        return state == 0 ? 1 : state;
    }

    /// <summary>A number from 0 to below 1.</summary>
    public static double Next(ref uint state)
    {
        const double Range = Modulus - 1;
        double low = Step(ref state) - 1.0;
        double number = (low + ((Step(ref state) - 1.0) * Range)) / (Range * Range);
        return Math.Min(number, Math.BitDecrement(1.0));
    }

    private static uint Step(ref uint state) => state = (uint)((ulong)state * Multiplier % Modulus);
}
