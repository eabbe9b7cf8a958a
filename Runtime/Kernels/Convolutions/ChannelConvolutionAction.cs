using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Plans a convolution with lanes along output channels and runs it with the vector width of the process.</summary>
internal readonly unsafe struct ChannelConvolutionAction<TEpilogue>(
    Workers workers, ConvolutionShape shape, float* input, float* weights, float* output, TEpilogue epilogue) : IVectorAction
    where TEpilogue : struct, IChannelEpilogue
{
    public void Run<V>()
        where V : struct, IVector<V> => ChannelConvolution.Run<V, TEpilogue>(workers, shape, input, weights, output, epilogue);
}
