using Cameo.Kernels;
using Cameo.Vectors;

namespace Cameo.Tests.Kernels;

/// <summary>Panels in pairs: target = even panel · odd panel, where the even one waits in the target's memory. Columns of the target need not be whole panels.</summary>
internal readonly unsafe struct GatedEpilogue(float* target, nint columns) : IEpilogue
{
    public static bool Stores => true;

    public static int PanelsPerUnit => 2;

    public V Apply<V>(V value, nint row, nint column)
        where V : struct, IVector<V>
    {
        nint local = (column / 64 * 32) + (column % 32);
        if (local + V.Count > columns)
        {
            EpilogueLanes.Apply(this, value, row, column, columns - local);
            return value;
        }

        float* place = target + (row * columns) + local;
        V.Store(column % 64 < 32 ? value : value * V.Load(place), place);
        return value;
    }
}
