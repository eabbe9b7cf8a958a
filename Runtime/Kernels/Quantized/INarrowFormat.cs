using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// How weights narrower than 32 bits stand in memory: a word of 32 bits holds <see cref="ElementsPerWord"/> elements of consecutive depth of one column, and a panel is
/// [⌈depth / ElementsPerWord⌉][32 columns] words, missing elements 0.
/// </summary>
public interface INarrowFormat
{
    /// <summary>Elements of one word.</summary>
    static abstract int ElementsPerWord { get; }

    /// <summary>Whether elements are integers: value = (stored − zero point) · scale, with one scale a block and column. Else they are floating-point numbers and have no scales.</summary>
    static abstract bool IsInteger { get; }

    /// <summary>Zero point where none is given, in the stored domain.</summary>
    static abstract int DefaultZeroPoint { get; }

    /// <summary>Element <paramref name="element"/> of each word, as stored, times a power of two: 1 / <see cref="Factor"/>.</summary>
    /// <param name="words">Words of neighbouring columns, as bits.</param>
    /// <param name="element">A constant, 0 … <see cref="ElementsPerWord"/> − 1.</param>
    static abstract V Decode<V>(V words, int element)
        where V : struct, IVector<V>;

    /// <summary>What a decoded element must be multiplied by to be the stored one: spares shifts, as activations can be multiplied beforehand.</summary>
    static abstract float Factor(int element);

    /// <summary>Zero points of neighbouring columns, in the stored domain.</summary>
    static abstract unsafe V LoadZeroPoints<V>(byte* zeroPoints)
        where V : struct, IVector<V>;
}
