using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Runs a pooling with the vector width of the process.</summary>
internal readonly unsafe struct PoolingAction<TReduction, TEpilogue>(
    Workers workers, PoolingShape shape, bool includePadding, float* input, float* output, TEpilogue epilogue) : IVectorAction
    where TReduction : struct, IPoolingReduction
    where TEpilogue : struct, IChannelEpilogue
{
    public void Run<V>()
        where V : struct, IVector<V>
    {
        var work = new PoolingWork<V, TReduction, TEpilogue>(workers, shape, includePadding, input, output, epilogue);
        if (work.Units > 0)
        {
            workers.Run(ref work, Pooling.Parts(workers, shape, work.Units));
        }
    }
}
