using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Cuts attention into items, one for a block of queries of one key head, and runs them. The query heads that share a key head are rows of
/// one block, so that keys and values are read once for all of them.
/// </summary>
/// <remarks>
/// With few queries (decoding) there are not enough blocks for all threads, so long contexts are also cut into chunks of keys, whose
/// partial results are combined in order. Chunks depend on the shapes alone, hence the bits do not depend on the number of threads.
/// </remarks>
internal unsafe struct AttentionWork<V, TScore> : IParallelWork
    where V : struct, IVector<V>
    where TScore : struct, IScoreModifier
{
    // Rows (queries times heads of a group) of a block: enough to make turning a tile of keys around cheap, few enough to stay in the second-level
    // cache. Half of them where that leaves few blocks for the threads.
    private const nint MaximumBlockRows = 384;
    private const nint MinimumBlocks = 16;

    // With at most this many rows the context is cut into chunks: decoding one token, or a few that were guessed.
    private const nint SplitRows = 64;

    // Items that chunks are made for: as many as keep all threads of a usual machine busy to the end.
    private const nint WantedItems = 64;

    // Least keys of a chunk: with heads of 64, keys and values of 128 KiB or some 5 µs of reading, many times what combining them costs.
    private const nint MinimumChunkKeys = 256;

    // Least multiply-adds of a thread; about 5 µs, below which a second thread does not pay off.
    private const double MinimumWorkPerThread = 128 * 1024;

    // Reading a float of the cache from memory takes as long as this many multiply-adds: with few queries that is what attention does.
    private const double MultiplyAddsPerRead = 8;

    private readonly Workers _workers;
    private readonly AttentionArguments _arguments;
    private readonly TScore _modifier;
    private readonly AttentionShape _shape;
    private readonly nint _blockRows;
    private readonly nint _blocks;
    private readonly nint _chunks;
    private readonly nint _chunkKeys;
    private readonly nint _firstKey;
    private readonly nint _endKey;
    private float* _partials;
    private long _taken;

    private AttentionWork(Workers workers, in AttentionArguments arguments, TScore modifier)
    {
        _workers = workers;
        _arguments = arguments;
        _modifier = modifier;
        nint rows = arguments.QueryLength * (arguments.QueryHeads / arguments.KeyHeads);
        _blockRows = arguments.Batch * arguments.KeyHeads * rows < MinimumBlocks * MaximumBlockRows ? MaximumBlockRows / 2 : MaximumBlockRows;
        _shape = new AttentionShape(arguments, V.Count, _blockRows);
        _blocks = (rows + _blockRows - 1) / _blockRows;
        (_firstKey, _endKey) = SeenKeys(arguments);
        _firstKey = _firstKey / _shape.TileKeys * _shape.TileKeys;
        nint keys = _endKey - _firstKey;
        nint pairs = Math.Max(arguments.Batch * arguments.KeyHeads, 1);
        _chunks = _shape.Rows <= SplitRows ? Math.Clamp(Math.Min(keys / MinimumChunkKeys, WantedItems / pairs), 1, WantedItems) : 1;
        _chunkKeys = (((keys + _chunks - 1) / _chunks) + _shape.TileKeys - 1) / _shape.TileKeys * _shape.TileKeys;
    }

    private readonly nint Items => _arguments.Batch * _arguments.KeyHeads * _blocks * _chunks;

    public static void Run(Workers workers, in AttentionArguments arguments, TScore modifier)
    {
        var work = new AttentionWork<V, TScore>(workers, arguments, modifier);
        double reads = (double)arguments.Batch * arguments.KeyHeads * (work._endKey - work._firstKey) * (arguments.HeadSize + arguments.ValueHeadSize);
        double multiplyAdds = reads * Math.Max(work._shape.Rows, MultiplyAddsPerRead);
        double parts = Math.Min(multiplyAdds / MinimumWorkPerThread, Math.Min(workers.Count, work.Items));
        if (work.Items == 0)
        {
            return;
        }

        if (work._chunks > 1)
        {
            work._partials = (float*)workers.SharedScratch((nuint)(work.Items * work._shape.Rows * work._shape.PartialStride * sizeof(float)));
        }

        workers.Run(ref work, Math.Max((int)parts, 1));
        if (work._chunks > 1)
        {
            work.Combine();
        }
    }

    /// <inheritdoc/>
    /// <remarks>A part takes one item after the other from those that are left, whoever is slower gets fewer; each is computed the same way by anyone.</remarks>
    public void Run(int part, int parts)
    {
        var block = new AttentionBlock<V, TScore>(_arguments, _modifier, _shape, _workers.Scratch(part, _shape.ScratchBytes));
        nint items = Items;
        nint item = Take();
        while (item < items)
        {
            nint next = Take();
            RunItem(ref block, item, next < items ? FirstKey(block, next) : null);
            item = next;
        }
    }

    // The keys that some query may see.
    private static (nint First, nint End) SeenKeys(in AttentionArguments arguments)
    {
        nint first = nint.MaxValue;
        nint end = 0;
        for (nint row = 0; row < arguments.Batch; row++)
        {
            nint keys = arguments.KeyLengths == null ? arguments.KeyLength : arguments.KeyLengths[row];
            nint offset = arguments.CausalOffsets == null ? arguments.CausalOffset : arguments.CausalOffsets[row];
            first = Math.Min(first, arguments.Window > 0 ? Math.Max(offset + 1 - arguments.Window, 0) : 0);
            end = Math.Max(end, keys);
        }

        return (Math.Min(first, end), end);
    }

    private nint Take() => (nint)Interlocked.Increment(ref _taken) - 1;

    private readonly void* FirstKey(in AttentionBlock<V, TScore> block, nint item)
    {
        (nint batch, nint keyHead, _, nint chunk) = Place(item);
        return block.KeyAddress(batch, keyHead, _firstKey + (chunk * _chunkKeys));
    }

    private readonly (nint Batch, nint KeyHead, nint Block, nint Chunk) Place(nint item)
    {
        nint pairs = _arguments.Batch * _arguments.KeyHeads;
        nint index;
        nint pair;
        nint chunk = 0;
        if (_chunks > 1 || _blocks == 1)
        {
            (pair, chunk) = Math.DivRem(item, _chunks);
            index = 0;
        }
        else
        {
            // With causality later blocks see more keys. They come first, so that small ones are left to even out the end.
            (index, pair) = Math.DivRem(item, pairs);
            index = _blocks - 1 - index;
        }

        (nint batch, nint keyHead) = Math.DivRem(pair, _arguments.KeyHeads);
        return (batch, keyHead, index, chunk);
    }

    private readonly void RunItem(ref AttentionBlock<V, TScore> block, nint item, void* next)
    {
        (nint batch, nint keyHead, nint index, nint chunk) = Place(item);
        nint begin = index * _blockRows;
        nint rows = Math.Min(_blockRows, _shape.Rows - begin);
        if (_chunks == 1)
        {
            block.Compute(batch, keyHead, begin, rows, 0, nint.MaxValue, next);
            block.StoreOutput();
        }
        else
        {
            nint key = _firstKey + (chunk * _chunkKeys);
            block.Compute(batch, keyHead, begin, rows, key, key + _chunkKeys, next);
            block.StorePartial(_partials + (item * _shape.Rows * _shape.PartialStride));
        }
    }

    // Few rows over few chunks: a small fraction of the work, done by the calling thread.
    private readonly void Combine()
    {
        var block = new AttentionBlock<V, TScore>(_arguments, _modifier, _shape, _workers.Scratch(0, _shape.ScratchBytes));
        for (nint pair = 0; pair < _arguments.Batch * _arguments.KeyHeads; pair++)
        {
            (nint batch, nint keyHead) = Math.DivRem(pair, _arguments.KeyHeads);
            block.Combine(batch, keyHead, _partials + (pair * _chunks * _shape.Rows * _shape.PartialStride), _chunks);
        }
    }
}
