using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>How quantised activations meet words of weights.</summary>
internal unsafe interface IDynamicGroup
{
    /// <summary>Zero point of weights that <see cref="Start"/> takes off.</summary>
    static abstract int ZeroPoint { get; }

    /// <summary>The activations that meet one word, in eight bytes.</summary>
    static abstract ulong Arrange(sbyte* quantized);

    /// <summary>What a block's multiplier is stored as.</summary>
    static abstract int Multiplier<V>(int multiplier)
        where V : struct, IVector<V>;

    /// <summary>What the sums of a block start from.</summary>
    /// <param name="firstSum">Sum of the block's elements 0 and 1 of every four.</param>
    /// <param name="secondSum">Sum of the others.</param>
    static abstract int Start<V>(int firstSum, int secondSum)
        where V : struct, IVector<V>;
}
