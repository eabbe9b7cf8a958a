using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Plans a depthwise convolution for the vector width of the process and runs it.</summary>
internal readonly unsafe struct DepthwiseConvolutionAction<TEpilogue>(
    Workers workers, ConvolutionShape shape, int shuffledGroups, float* input, float* weights, float* output, TEpilogue epilogue) : IVectorAction
    where TEpilogue : struct, IChannelEpilogue
{
    public void Run<V>()
        where V : struct, IVector<V>
    {
        ConvolutionGeometry geometry = ConvolutionGeometry.Forward(shape, 1, V.Count);
        var work = new DepthwiseConvolutionWork<V, TEpilogue>(workers, shape, geometry, shuffledGroups, input, weights, output, epilogue);
        double multiplyAdds = (double)shape.Batch * shape.OutputChannels * shape.OutputPlane * shape.Taps;

        // Each input element is copied as well, which costs a depthwise convolution about as much as its sums.
        workers.Run(ref work, Convolution.Parts(workers, 4 * multiplyAdds, work.Units));
    }
}
