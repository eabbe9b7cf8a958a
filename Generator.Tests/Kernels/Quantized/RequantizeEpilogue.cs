using Cameo.Kernels;
using Cameo.Vectors;

namespace Cameo.Tests.Kernels.Quantized;

/// <summary>round(sum · scale + bias of the row or channel) + zero point, clamped to the range of a byte: what generated code does.</summary>
internal readonly struct RequantizeEpilogue(float scale, float zeroPoint) : IEpilogue, IChannelEpilogue
{
    public V Apply<V>(V value, nint row, nint column)
        where V : struct, IVector<V> =>
        V.Min(V.Max(V.Round(value * V.Broadcast(scale)) + V.Broadcast(zeroPoint), V.Zero), V.Broadcast(255));

    public byte Expect(int sum) => (byte)Math.Clamp(MathF.Round(sum * scale) + zeroPoint, 0, 255);
}
