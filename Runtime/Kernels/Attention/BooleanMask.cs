using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Keeps the keys where a mask [batch, heads, queries, keys] of bytes is not 0; dimensions that are broadcast have the stride 0.</summary>
public readonly unsafe struct BooleanMask : IScoreModifier
{
    private readonly byte* _data;
    private readonly nint _batchStride;
    private readonly nint _headStride;
    private readonly nint _queryStride;
    private readonly nint _keyStride;
    private readonly nint _keys;

    /// <summary>Describes the mask; strides are in elements.</summary>
    /// <param name="data">First element; 0 excludes a key.</param>
    /// <param name="batchStride">From one row of the batch to the next.</param>
    /// <param name="headStride">From one query head to the next.</param>
    /// <param name="queryStride">From one query to the next.</param>
    /// <param name="keyStride">From one key to the next: 1, or 0 to broadcast.</param>
    /// <param name="keys">Keys the mask speaks of; later ones are excluded, as ONNX pads a short mask.</param>
    /// <exception cref="ArgumentOutOfRangeException">A key stride other than 0 and 1.</exception>
    public BooleanMask(byte* data, nint batchStride, nint headStride, nint queryStride, nint keyStride, nint keys = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((nuint)keyStride, (nuint)1, nameof(keyStride));
        _data = data;
        _batchStride = batchStride;
        _headStride = headStride;
        _queryStride = queryStride;
        _keyStride = keyStride;
        _keys = keys;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<V>(V score, nint batch, nint head, nint query, nint key)
        where V : struct, IVector<V>
    {
        byte* data = _data + (batch * _batchStride) + (head * _headStride) + (query * _queryStride) + (key * _keyStride);
        if (_keyStride == 1 && key + V.Count <= _keys)
        {
            return V.Select(V.Equal(NarrowLanes.Load<V, byte>(data), V.Zero), V.Broadcast(float.NegativeInfinity), score);
        }

        Unsafe.SkipInit(out Vector512<int> lanes);
        int* keep = (int*)&lanes;
        for (int lane = 0; lane < V.Count; lane++)
        {
            keep[lane] = key + lane < _keys && data[lane * _keyStride] != 0 ? -1 : 0;
        }

        return V.Select(V.Load((float*)keep), score, V.Broadcast(float.NegativeInfinity));
    }
}
