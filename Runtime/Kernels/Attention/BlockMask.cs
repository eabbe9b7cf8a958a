using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Keeps the blocks of neighbouring keys where a mask [batch, heads, queries, blocks] of bytes is not 0; dimensions that are broadcast have the stride 0.</summary>
public readonly unsafe struct BlockMask : IScoreModifier
{
    private readonly byte* _data;
    private readonly nint _batchStride;
    private readonly nint _headStride;
    private readonly nint _queryStride;
    private readonly nint _keyBlockStride;
    private readonly nint _blocks;
    private readonly nint _blockSize;
    private readonly int _shift;

    /// <summary>Describes the mask; strides are in elements.</summary>
    /// <param name="data">First element; 0 excludes a block.</param>
    /// <param name="batchStride">From one row of the batch to the next.</param>
    /// <param name="headStride">From one query head to the next.</param>
    /// <param name="queryStride">From one query to the next.</param>
    /// <param name="blockStride">From one block to the next: 1, or 0 to broadcast.</param>
    /// <param name="blocks">Blocks the mask speaks of; keys behind them are excluded.</param>
    /// <param name="blockSize">Keys of a block.</param>
    /// <exception cref="ArgumentOutOfRangeException">A block without keys.</exception>
    public BlockMask(byte* data, nint batchStride, nint headStride, nint queryStride, nint blockStride, nint blocks, nint blockSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(blockSize);
        _data = data;
        _batchStride = batchStride;
        _headStride = headStride;
        _queryStride = queryStride;
        _keyBlockStride = blockStride;
        _blocks = blocks;
        _blockSize = blockSize;
        _shift = nint.IsPow2(blockSize) ? BitOperations.Log2((nuint)blockSize) : -1;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<V>(V score, nint batch, nint head, nint query, nint key)
        where V : struct, IVector<V>
    {
        byte* row = _data + (batch * _batchStride) + (head * _headStride) + (query * _queryStride);
        nint block = Block(key);

        // Blocks are longer than vectors and begin at multiples of their size: most vectors lie within one.
        if (block == Block(key + V.Count - 1))
        {
            return Keeps(row, block) ? score : V.Broadcast(float.NegativeInfinity);
        }

        Unsafe.SkipInit(out Vector512<int> lanes);
        int* keep = (int*)&lanes;
        for (int lane = 0; lane < V.Count; lane++)
        {
            keep[lane] = Keeps(row, Block(key + lane)) ? -1 : 0;
        }

        return V.Select(V.Load((float*)keep), score, V.Broadcast(float.NegativeInfinity));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private nint Block(nint key) => _shift >= 0 ? key >> _shift : key / _blockSize;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Keeps(byte* row, nint block) => block < _blocks && row[block * _keyBlockStride] != 0;
}
