using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// Cuts attention into items, one for a block of queries of one key head, and runs them. The query heads that share a key head are rows of
/// one block, so that keys and values are read once for all of them.
/// </summary>
/// <remarks>
/// With few queries (decoding) there are not enough blocks for all threads, so long contexts are also cut into chunks of keys, whose
/// partial results are combined in order. Chunks depend on the shapes alone, hence the bits do not depend on the number of threads. Where probabilities are
/// modified, all chunks are measured before the first is weighed.
/// </remarks>
internal unsafe struct AttentionWork<V, TScore, TProbability> : IParallelWork
    where V : struct, IVector<V>
    where TScore : struct, IScoreModifier
    where TProbability : struct, IScoreModifier
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

    // Bytes of scores that a block keeps from its first round to its second. More than a usual second-level cache holds beside queries, outputs and tiles, but going through them twice in
    // order costs less than computing them again: with heads of 64, 1.06 (512 keys) to 1.2 times the attention without a modifier (4096 keys) instead of 1.55 times.
    private const nint MaximumKeptBytes = 1536 * 1024;

    // Least rows of a block that is made smaller for its scores to be kept. With half of them keys and values are read too often to gain anything.
    private const nint MinimumKeptRows = 48;

    // Bytes that all chunks together keep: those of few rows over long contexts.
    private const nint MaximumSharedKeptBytes = 8 * 1024 * 1024;

    private readonly Workers _workers;
    private readonly AttentionArguments _arguments;
    private readonly TScore _modifier;
    private readonly TProbability _probabilityModifier;
    private readonly AttentionShape _shape;
    private readonly nint _blockRows;
    private readonly nint _blocks;
    private readonly nint _chunks;
    private readonly nint _chunkKeys;
    private readonly nint _firstKey;
    private readonly nint _endKey;
    private readonly nint _keptKeys;
    private float* _partials;
    private long _taken;
    private bool _isMeasuring;

    private AttentionWork(Workers workers, in AttentionArguments arguments, TScore modifier, TProbability probabilityModifier)
    {
        _workers = workers;
        _arguments = arguments;
        _modifier = modifier;
        _probabilityModifier = probabilityModifier;
        (_firstKey, _endKey) = SeenKeys(arguments);
        nint rows = arguments.QueryLength * (arguments.QueryHeads / arguments.KeyHeads);
        _blockRows = arguments.Batch * arguments.KeyHeads * rows < MinimumBlocks * MaximumBlockRows ? MaximumBlockRows / 2 : MaximumBlockRows;
        if (IsModified && rows > SplitRows)
        {
            nint keptRows = MaximumKeptBytes / sizeof(float) / Math.Max(_endKey, 1) / AttentionTile.MaximumRows * AttentionTile.MaximumRows;
            _blockRows = keptRows < MinimumKeptRows ? _blockRows : Math.Min(_blockRows, keptRows);
        }

        _shape = new AttentionShape(arguments, V.Count, _blockRows);
        _blocks = (rows + _blockRows - 1) / _blockRows;
        _firstKey = _firstKey / _shape.TileKeys * _shape.TileKeys;
        nint keys = _endKey - _firstKey;
        nint pairs = Math.Max(arguments.Batch * arguments.KeyHeads, 1);
        _chunks = _shape.Rows <= SplitRows ? Math.Clamp(Math.Min(keys / MinimumChunkKeys, WantedItems / pairs), 1, WantedItems) : 1;
        _chunkKeys = (((keys + _chunks - 1) / _chunks) + _shape.TileKeys - 1) / _shape.TileKeys * _shape.TileKeys;
        if (IsModified)
        {
            nint keptKeys = _chunks == 1 ? _endKey : _chunkKeys;
            nint keptBytes = _shape.KeptFloats(keptKeys) * sizeof(float);

            // Panels take up to twice their keys.
            _keptKeys = (_chunks == 1 ? keptBytes <= 2 * MaximumKeptBytes : keptBytes * Items <= MaximumSharedKeptBytes) ? keptKeys : 0;
        }
    }

    private static bool IsModified => typeof(TProbability) != typeof(NoScoreModifier);

    private readonly nint Items => _arguments.Batch * _arguments.KeyHeads * _blocks * _chunks;

    public static void Run(Workers workers, in AttentionArguments arguments, TScore modifier, TProbability probabilityModifier)
    {
        var work = new AttentionWork<V, TScore, TProbability>(workers, arguments, modifier, probabilityModifier);
        double reads = (double)arguments.Batch * arguments.KeyHeads * (work._endKey - work._firstKey) * (arguments.HeadSize + arguments.ValueHeadSize);
        double multiplyAdds = reads * Math.Max(work._shape.Rows, MultiplyAddsPerRead);
        double parts = Math.Min(multiplyAdds / MinimumWorkPerThread, Math.Min(workers.Count, work.Items));
        if (work.Items == 0)
        {
            return;
        }

        if (work._chunks > 1)
        {
            work._partials = (float*)workers.SharedScratch((nuint)(work.Items * (work.PartialFloats + work.KeptFloats) * sizeof(float)));
        }

        int count = Math.Max((int)parts, 1);
        if (IsModified && work._chunks > 1)
        {
            work._isMeasuring = true;
            workers.Run(ref work, count);
            work._isMeasuring = false;
            work._taken = 0;
        }

        workers.Run(ref work, count);
        if (work._chunks > 1)
        {
            work.Combine();
        }
    }

    /// <inheritdoc/>
    /// <remarks>A part takes one item after the other from those that are left, whoever is slower gets fewer; each is computed the same way by anyone.</remarks>
    public void Run(int part, int parts)
    {
        var block = new AttentionBlock<V, TScore, TProbability>(_arguments, _modifier, _probabilityModifier, _shape, _workers.Scratch(part, _shape.ScratchBytes(_chunks == 1 ? KeptFloats : 0)));
        nint items = Items;
        nint item = Take();
        while (item < items)
        {
            nint next = Take();
            RunItem(ref block, item, next < items ? FirstKey(block, next) : null);
            item = next;
        }
    }

    // The keys that some query may see, or weigh without seeing them.
    private static (nint First, nint End) SeenKeys(in AttentionArguments arguments)
    {
        nint first = nint.MaxValue;
        nint end = 0;
        for (nint row = 0; row < arguments.Batch; row++)
        {
            nint keys = arguments.KeyLengths == null ? arguments.KeyLength : arguments.KeyLengths[row];
            nint offset = arguments.CausalOffsets == null ? arguments.CausalOffset : arguments.CausalOffsets[row];
            first = Math.Min(first, arguments.Window > 0 && !IsModified ? Math.Max(offset + 1 - arguments.Window, 0) : 0);
            end = Math.Max(end, keys);
        }

        return (Math.Min(first, end), end);
    }

    private nint Take() => (nint)Interlocked.Increment(ref _taken) - 1;

    private readonly void* FirstKey(in AttentionBlock<V, TScore, TProbability> block, nint item)
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

    private readonly void RunItem(ref AttentionBlock<V, TScore, TProbability> block, nint item, void* next)
    {
        (nint batch, nint keyHead, nint index, nint chunk) = Place(item);
        nint begin = index * _blockRows;
        nint rows = Math.Min(_blockRows, _shape.Rows - begin);
        if (_chunks == 1)
        {
            block.Begin(batch, keyHead, begin, rows, 0, nint.MaxValue, _keptKeys > 0 ? block.OwnKept : null, _keptKeys);
            block.Compute(next);
            block.StoreOutput();
            return;
        }

        float* partials = Partials(item);
        nint key = _firstKey + (chunk * _chunkKeys);
        block.Begin(batch, keyHead, begin, rows, key, key + _chunkKeys, _keptKeys > 0 ? _partials + (Items * PartialFloats) + (item * KeptFloats) : null, _keptKeys);
        if (_isMeasuring)
        {
            block.Measure(next);
        }
        else if (IsModified)
        {
            block.ComputeMeasured(Partials(item - chunk), _chunks, next);
        }
        else
        {
            block.Compute(next);
        }

        if (_isMeasuring || !IsModified)
        {
            block.StoreMeasures(partials);
        }

        if (!_isMeasuring)
        {
            block.StoreValues(partials);
        }
    }

    private readonly nint PartialFloats => _shape.Rows * _shape.PartialStride;

    private readonly nint KeptFloats => _keptKeys == 0 ? 0 : _shape.KeptFloats(_keptKeys);

    private readonly float* Partials(nint item) => _partials + (item * PartialFloats);

    // Few rows over few chunks: a small fraction of the work, done by the calling thread.
    private readonly void Combine()
    {
        var block = new AttentionBlock<V, TScore, TProbability>(_arguments, _modifier, _probabilityModifier, _shape, _workers.Scratch(0, _shape.ScratchBytes(0)));
        for (nint pair = 0; pair < _arguments.Batch * _arguments.KeyHeads; pair++)
        {
            (nint batch, nint keyHead) = Math.DivRem(pair, _arguments.KeyHeads);
            block.Combine(batch, keyHead, Partials(pair * _chunks), _chunks);
        }
    }
}
