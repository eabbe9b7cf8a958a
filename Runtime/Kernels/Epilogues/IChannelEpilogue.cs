using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// What a convolution or pooling does to a result before storing it: bias, activation, residual. Generated code implements it
/// as a struct; a kernel calls it once for every output element.
/// </summary>
public interface IChannelEpilogue
{
    /// <summary>The value to store. Lanes are contiguous output elements of one channel of one image.</summary>
    /// <param name="value">Results of the kernel.</param>
    /// <param name="channel">Output channel of all lanes.</param>
    /// <param name="offset">Element offset of lane 0 in the output; lane i is at <paramref name="offset"/> + i. All lanes are elements of the output.</param>
    V Apply<V>(V value, nint channel, nint offset)
        where V : struct, IVector<V>;
}
