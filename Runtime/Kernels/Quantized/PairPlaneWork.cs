using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>What a convolution of pairs does to its planes: first the input's, then the results'.</summary>
internal unsafe struct PairPlaneWork<V, TInput, TOutput, TEpilogue> : IParallelWork
    where V : struct, IVector<V>
    where TInput : unmanaged
    where TOutput : unmanaged
    where TEpilogue : struct, IChannelEpilogue
{
    public PairShape Pairs;
    public TInput* Input;
    public int ZeroPoint;
    public int* PairPlanes;
    public int* Sums;
    public TOutput* Output;
    public TEpilogue Epilogue;

    /// <summary>Whether the run stores results rather than writing the input as pairs.</summary>
    public bool StoresResults;

    public void Run(int part, int parts)
    {
        ConvolutionShape shape = Pairs.Pairs;
        nint planes = (nint)shape.Batch * (StoresResults ? shape.OutputChannels : shape.InputChannels);
        for (nint plane = planes * part / parts; plane < planes * (part + 1) / parts; plane++)
        {
            if (StoresResults)
            {
                nint offset = plane * shape.OutputPlane;
                IntegerResults.StoreChannel<V, TEpilogue, TOutput>(Sums + offset, shape.OutputPlane, Output, ref Epilogue, plane % shape.OutputChannels, offset);
            }
            else
            {
                PairPacking.Input<V, TInput>(Pairs, Input, ZeroPoint, plane, PairPlanes + (plane * shape.InputPlane));
            }
        }
    }
}
