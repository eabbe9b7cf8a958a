using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Eight int8, for <see cref="ByteDot"/> with 4-bit weights.</summary>
internal readonly unsafe struct ByteGroup : IDynamicGroup
{
    /// <summary>The middle of 4 bits: with it taken off, sums of 32 products fit 16 bits even where both halves of a lane are one number.</summary>
    public static int ZeroPoint => UInt4Format.DefaultZeroPoint;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Arrange(sbyte* quantized) => Unsafe.ReadUnaligned<ulong>(quantized);

    public static int Multiplier<V>(int multiplier)
        where V : struct, IVector<V> => ByteDot.HasWideSums<V>() ? multiplier : ShortDot.Pair(multiplier, multiplier);

    public static int Start<V>(int firstSum, int secondSum)
        where V : struct, IVector<V> =>
        ByteDot.HasWideSums<V>() ? -ZeroPoint * (firstSum + secondSum) : ShortDot.Pair(-ZeroPoint * firstSum, -ZeroPoint * secondSum);
}
