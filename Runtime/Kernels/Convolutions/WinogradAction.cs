using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Runs a Winograd convolution with the vector width of the process.</summary>
internal readonly unsafe struct WinogradAction<TEpilogue>(
    Workers workers, ConvolutionShape shape, float* input, float* weights, float* output, TEpilogue epilogue) : IVectorAction
    where TEpilogue : struct, IChannelEpilogue
{
    public void Run<V>()
        where V : struct, IVector<V> => WinogradConvolution.Run<V, TEpilogue>(workers, shape, input, weights, output, epilogue);
}
