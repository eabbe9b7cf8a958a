using Cameo.Kernels;
using Cameo.Vectors;

namespace Cameo.Tests.Kernels;

/// <summary>
/// value + bias[channel] + residual[offset], where the residual is what the output held before: wrong channels, wrong offsets and
/// elements written twice all show.
/// </summary>
internal readonly unsafe struct ConvolutionTestEpilogue(float* bias, float* residual) : IChannelEpilogue
{
    public V Apply<V>(V value, nint channel, nint offset)
        where V : struct, IVector<V> => value + V.Broadcast(bias[channel]) + V.Load(residual + offset);
}
