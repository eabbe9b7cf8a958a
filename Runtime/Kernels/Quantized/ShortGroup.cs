using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Four int16, the even ones first: what <see cref="ShortDot.EvenBytes"/> and <see cref="ShortDot.OddBytes"/> of a word meet.</summary>
internal readonly unsafe struct ShortGroup : IDynamicGroup
{
    public static int ZeroPoint => Int8Format.DefaultZeroPoint;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Arrange(sbyte* quantized) =>
        (uint)ShortDot.Pair(quantized[0], quantized[2]) | ((ulong)(uint)ShortDot.Pair(quantized[1], quantized[3]) << 32);

    public static int Multiplier<V>(int multiplier)
        where V : struct, IVector<V> => BitConverter.SingleToInt32Bits(multiplier);

    public static int Start<V>(int firstSum, int secondSum)
        where V : struct, IVector<V> => 0;
}
