using System.Runtime.CompilerServices;

namespace Cameo.Kernels;

/// <summary>Four int16, the even ones first: what <see cref="ShortDot.EvenBytes"/> and <see cref="ShortDot.OddBytes"/> of a word meet.</summary>
internal readonly unsafe struct ShortGroup : IDynamicGroup
{
    public static int Elements => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Arrange(sbyte* quantized) =>
        (uint)ShortDot.Pair(quantized[0], quantized[2]) | ((ulong)(uint)ShortDot.Pair(quantized[1], quantized[3]) << 32);
}
