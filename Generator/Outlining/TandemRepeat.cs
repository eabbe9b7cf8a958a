namespace Cameo.Generator.Outlining;

/// <summary>A stretch of a sequence that repeats itself: <paramref name="Length"/> items from <paramref name="Start"/> on, each equal to the one
/// <paramref name="Period"/> before it; the last repetition may be cut off.</summary>
internal readonly record struct TandemRepeat(int Start, int Length, int Period)
{
    /// <summary>Whole repetitions.</summary>
    public int Count => Length / Period;

    public int End => Start + Length;

    /// <summary>
    /// Items of the last repetition where it is cut off. They count only where they are at least half of it: the norm behind a model's last layer may well be like the
    /// one each layer begins with, but is no layer.
    /// </summary>
    public int Remainder => Length % Period * 2 >= Period ? Length % Period : 0;

    /// <summary>Items of all repetitions, with the one that is cut off.</summary>
    public int Covered => Count * Period + Remainder;

    /// <summary>Items that need not be written out.</summary>
    public int Savings => Covered - Period;
}
