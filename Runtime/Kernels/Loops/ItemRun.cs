using System.Runtime.Intrinsics;
using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>One run of an <see cref="IItemWork"/>: the vector type of this process and the items not taken yet.</summary>
internal struct ItemRun<TWork>(TWork work, nint items, int parts) : IParallelWork
    where TWork : struct, IItemWork
{
    private TWork _work = work;
    private ItemQueue _items = new(items, parts);

    public void Run(int part, int parts)
    {
        if (Vector512.IsHardwareAccelerated && !TWork.PrefersNarrowVectors)
        {
            _work.Run<Vector512Float>(part, ref _items);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            _work.Run<Vector256Float>(part, ref _items);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            _work.Run<Vector128Float>(part, ref _items);
        }
        else
        {
            _work.Run<ScalarFloat>(part, ref _items);
        }
    }
}
