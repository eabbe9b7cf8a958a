using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Adds a mask or bias [batch, heads, queries, keys]; dimensions that are broadcast have the stride 0.</summary>
public readonly unsafe struct FloatMask : IScoreModifier
{
    private readonly float* _data;
    private readonly nint _batchStride;
    private readonly nint _headStride;
    private readonly nint _queryStride;
    private readonly nint _keyStride;
    private readonly nint _keys;

    /// <summary>Describes the mask; strides are in elements.</summary>
    /// <param name="data">First element.</param>
    /// <param name="batchStride">From one row of the batch to the next.</param>
    /// <param name="headStride">From one query head to the next.</param>
    /// <param name="queryStride">From one query to the next.</param>
    /// <param name="keyStride">From one key to the next: 1, or 0 to broadcast.</param>
    /// <param name="keys">Keys the mask speaks of; later ones are excluded, as ONNX pads a short mask.</param>
    /// <exception cref="ArgumentOutOfRangeException">A key stride other than 0 and 1.</exception>
    public FloatMask(float* data, nint batchStride, nint headStride, nint queryStride, nint keyStride, nint keys = int.MaxValue)
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
        float* data = _data + (batch * _batchStride) + (head * _headStride) + (query * _queryStride) + (key * _keyStride);
        nint left = _keys - key;
        if (left >= V.Count)
        {
            return score + (_keyStride == 0 ? V.Broadcast(*data) : V.Load(data));
        }

        V excluded = V.Broadcast(float.NegativeInfinity);
        if (left <= 0)
        {
            return excluded;
        }

        V mask = _keyStride == 0 ? V.Broadcast(*data) : V.LoadPartial(data, left);
        return V.Select(V.LessThan(V.LaneIndices, V.Broadcast(left)), score + mask, excluded);
    }
}
