namespace Cameo.Generation;

/// <summary>
/// Random numbers for sampling: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). Its own, so that
/// a seed gives the same numbers on every version of .NET; a good generator for far more numbers than a text has tokens.
/// </summary>
/// <param name="seed">Any number; equal seeds give equal sequences.</param>
public struct RandomSequence(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next number of the sequence, all 64 bits of it.</summary>
    /// <returns>A number evenly distributed over all values.</returns>
    public ulong Next()
    {
        _state = unchecked(_state + 0x9E3779B97F4A7C15);
        ulong mixed = _state;
        mixed = unchecked((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9);
        mixed = unchecked((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB);
        return mixed ^ (mixed >> 31);
    }

    /// <summary>The next number, at least 0 and less than 1.</summary>
    /// <returns>One of 2^53 values at even distances.</returns>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));
}
