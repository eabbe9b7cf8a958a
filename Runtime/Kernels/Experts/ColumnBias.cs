using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Adds a number a column.</summary>
/// <param name="bias">The numbers.</param>
internal readonly unsafe struct ColumnBias(float* bias) : IEpilogue
{
    private readonly float* _bias = bias;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<V>(V value, nint row, nint column)
        where V : struct, IVector<V> => value + V.Load(_bias + column);
}
