using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Stores the results of a convolution or pooling as they are.</summary>
public readonly struct NoChannelEpilogue : IChannelEpilogue
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<V>(V value, nint channel, nint offset)
        where V : struct, IVector<V> => value;
}
