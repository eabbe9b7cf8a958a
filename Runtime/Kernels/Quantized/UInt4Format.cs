using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Integers 0 … 15: element j &lt; 4 is the low half of byte j of a word, element j ≥ 4 the high half of byte j − 4, so that masking a word gives the four bytes an integer
/// dot product takes. Signed weights are stored plus 8.
/// </summary>
public readonly unsafe struct UInt4Format : INarrowFormat
{
    /// <inheritdoc/>
    public static int ElementsPerWord
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 8;
    }

    /// <inheritdoc/>
    public static bool IsInteger
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => true;
    }

    /// <inheritdoc/>
    public static int DefaultZeroPoint
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 8;
    }

    /// <inheritdoc/>
    /// <remarks>Left where it stands in the word, but for the topmost, which would be the sign.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Decode<V>(V words, int element)
        where V : struct, IVector<V> =>
        V.ConvertFromInt32(element == 7 ? V.ShiftRightLogical(words, Shift(element)) : V.And(words, V.BroadcastBits(0xF << Shift(element))));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Factor(int element) => element == 7 ? 1 : 1f / (1 << Shift(element));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LoadZeroPoints<V>(byte* zeroPoints)
        where V : struct, IVector<V> => NarrowLanes.Load<V, byte>(zeroPoints);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Shift(int element) => (8 * (element & 3)) + (element & 4);
}
