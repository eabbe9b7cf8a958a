using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Plans a direct convolution for the vector width of the process and runs it.</summary>
internal readonly unsafe struct DirectConvolutionAction<TEpilogue>(
    Workers workers, ConvolutionShape shape, float* input, float* weights, float* output, TEpilogue epilogue) : IVectorAction
    where TEpilogue : struct, IChannelEpilogue
{
    public void Run<V>()
        where V : struct, IVector<V>
    {
        double multiplyAdds = (double)shape.Batch * shape.OutputChannels * shape.OutputPlane * shape.ReductionLength;
        int threads = Convolution.Parts(workers, multiplyAdds, long.MaxValue);
        ConvolutionGeometry geometry = ConvolutionGeometry.Shared(shape, shape.GroupInputs, V.Count, threads);
        ConvolutionPlan plan = ConvolutionPlan.Create(workers, shape, geometry, multiplyAdds);
        var work = new DirectConvolutionWork<V, FloatProduct, TEpilogue>(workers, shape, geometry, plan.PanelsPerUnit, input, weights, output, epilogue);
        workers.Run(ref work, plan.Parts);
    }
}
