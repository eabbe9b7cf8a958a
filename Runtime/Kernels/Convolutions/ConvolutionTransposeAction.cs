using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Plans a transposed convolution for the vector width of the process and runs it.</summary>
internal readonly unsafe struct ConvolutionTransposeAction<TEpilogue>(
    Workers workers, ConvolutionShape shape, float* input, float* weights, float* output, TEpilogue epilogue) : IVectorAction
    where TEpilogue : struct, IChannelEpilogue
{
    public void Run<V>()
        where V : struct, IVector<V>
    {
        ConvolutionGeometry geometry = ConvolutionGeometry.Transposed(shape, V.Count);
        double multiplyAdds = (double)shape.Batch * shape.InputChannels * shape.InputPlane * shape.GroupOutputs * shape.Taps;
        ConvolutionPlan plan = ConvolutionPlan.Create(workers, shape, geometry, multiplyAdds);
        var work = new ConvolutionTransposeWork<V, TEpilogue>(workers, shape, geometry, plan.PanelsPerUnit, input, weights, output, epilogue);
        workers.Run(ref work, plan.Parts);
    }
}
