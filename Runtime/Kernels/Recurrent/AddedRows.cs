using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Adds rows: those of the output, for a product that is added to it.</summary>
/// <param name="rows">The first row.</param>
/// <param name="stride">Elements from one row to the next.</param>
internal readonly unsafe struct AddedRows(float* rows, nint stride) : IEpilogue
{
    private readonly float* _rows = rows;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<V>(V value, nint row, nint column)
        where V : struct, IVector<V> => value + V.Load(_rows + (row * stride) + column);
}
