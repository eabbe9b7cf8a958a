using Cameo.Kernels;
using Cameo.States;
using Cameo.Vectors;

namespace Cameo.Tests.Kernels;

/// <summary>Writes sums into a cache instead of a matrix.</summary>
internal readonly struct CacheEpilogue(CacheRows rows, nint headSize) : IEpilogue
{
    public static bool Stores => true;

    public V Apply<V>(V value, nint row, nint column)
        where V : struct, IVector<V>
    {
        rows.Store(value, row, column, headSize);
        return value;
    }
}
