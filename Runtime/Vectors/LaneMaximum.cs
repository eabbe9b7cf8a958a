using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Cameo.Vectors;

/// <summary>The greater of two lanes as the machine's instruction has it: a third of what it costs to care for NaN on both sides.</summary>
internal static class LaneMaximum
{
    /// <summary>The greater of each two lanes. Where <paramref name="right"/> is NaN it is the result; where only <paramref name="left"/> is, either may be.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Native<V>(V left, V right)
        where V : struct, IVector<V> =>
        typeof(V) == typeof(Vector512Float) ? LaneBits.From<V>(Vector512.MaxNative(LaneBits.To512(left).AsSingle(), LaneBits.To512(right).AsSingle()).AsInt32())
        : typeof(V) == typeof(Vector256Float) ? LaneBits.From<V>(Vector256.MaxNative(LaneBits.To256(left).AsSingle(), LaneBits.To256(right).AsSingle()).AsInt32())
        : typeof(V) == typeof(Vector128Float) ? LaneBits.From<V>(Vector128.MaxNative(LaneBits.To128(left).AsSingle(), LaneBits.To128(right).AsSingle()).AsInt32())
        : V.Max(left, right);
}
