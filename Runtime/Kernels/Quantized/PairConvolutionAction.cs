using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// A convolution of 8-bit integers by the direct kernel on pairs of int16: the input is written as pairs, tiles of it are convolved to sums of one output, and the sums
/// go through the epilogue.
/// </summary>
internal unsafe struct PairConvolutionAction<TInput, TOutput, TEpilogue> : IVectorAction
    where TInput : unmanaged
    where TOutput : unmanaged
    where TEpilogue : struct, IChannelEpilogue
{
    public Workers Workers;
    public PairShape Pairs;
    public TInput* Input;
    public int ZeroPoint;
    public uint* Words;
    public sbyte* ZeroPoints;
    public TOutput* Output;
    public TEpilogue Epilogue;

    public void Run<V>()
        where V : struct, IVector<V>
    {
        ConvolutionShape shape = Pairs.Pairs;
        nint planes = (nint)shape.Batch * shape.InputChannels;
        nint inputInts = ConvolutionScratch.Align(planes * shape.InputPlane);
        nint weightInts = ConvolutionScratch.Align(Convolution.PackedWeightCount(shape));
        nint outputs = (nint)shape.Batch * shape.OutputChannels;
        var input = (int*)Workers.SharedScratch((nuint)(inputInts + weightInts + (outputs * shape.OutputPlane)) * sizeof(int));
        int* weights = input + inputInts;
        int* sums = weights + weightInts;

        PairPacking.Weights<V>(Pairs, Words, ZeroPoints, weights);
        var planeWork = new PairPlaneWork<V, TInput, TOutput, TEpilogue>
        {
            Pairs = Pairs,
            Input = Input,
            ZeroPoint = ZeroPoint,
            PairPlanes = input,
            Sums = sums,
            Output = Output,
            Epilogue = Epilogue,
        };
        Workers.Run(ref planeWork, Convolution.Parts(Workers, (double)planes * shape.InputPlane, planes));

        double products = (double)outputs * shape.OutputPlane * shape.ReductionLength;
        int threads = Convolution.Parts(Workers, products, long.MaxValue);
        ConvolutionGeometry geometry = ConvolutionGeometry.Shared(shape, shape.GroupInputs, V.Count, threads);
        ConvolutionPlan plan = ConvolutionPlan.Create(Workers, shape, geometry, products);
        var work = new DirectConvolutionWork<V, PairProduct, NoChannelEpilogue>(
            Workers, shape, geometry, plan.PanelsPerUnit, (float*)input, (float*)weights, (float*)sums, default);
        Workers.Run(ref work, plan.Parts);

        planeWork.StoresResults = true;
        Workers.Run(ref planeWork, Convolution.Parts(Workers, (double)outputs * shape.OutputPlane, outputs));
    }
}
