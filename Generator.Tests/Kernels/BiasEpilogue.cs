using Cameo.Kernels;
using Cameo.Vectors;

namespace Cameo.Tests.Kernels;

/// <summary>Adds a bias a column and the row's number, so that a wrong row or column shows.</summary>
internal readonly unsafe struct BiasEpilogue(float* bias) : IEpilogue
{
    public V Apply<V>(V value, nint row, nint column)
        where V : struct, IVector<V> => value + V.Load(bias + column) + V.Broadcast(row);
}
