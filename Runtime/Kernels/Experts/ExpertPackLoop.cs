using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Packs one expert's matrix.</summary>
internal readonly unsafe struct ExpertPackLoop(float* source, nint expertStride, nint columnStride, nint depthStride, nint columns, nint depth, float* packed) : IRowLoop
{
    private readonly float* _source = source;
    private readonly float* _packed = packed;

    public void Run<V>(long row)
        where V : struct, IVector<V> =>
        Recurrence.Pack(_source + ((nint)row * expertStride), depthStride, columnStride, depth, columns, _packed + ((nint)row * MatrixMultiply.PackedLength(columns, depth)));
}
