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
    // Rows (queries times heads of a group) of a block: enough to make turning a tile of keys around cheap, few enough to stay in the second-level cache.
    private const nint BlockRows = 64;

    // With at most this many rows the context is cut into chunks: decoding one token, with groups of up to 16 heads.
    private const nint SplitRows = 16;

    // 512 keys and values of 128 elements are 512 KiB: some 25 µs of reading, several times what waking a thread costs.
    private const nint ChunkKeys = 512;

    // Least multiply-adds of a thread; about 5 µs, below which a second thread does not pay off.
    private const double MinimumWorkPerThread = 128 * 1024;

    private readonly Workers _workers;
    private readonly AttentionArguments _arguments;
    private readonly TScore _modifier;
    private readonly AttentionShape _shape;
    private readonly nint _blocks;
    private readonly nint _chunks;
    private float* _partials;

    private AttentionWork(Workers workers, in AttentionArguments arguments, TScore modifier)
    {
        _workers = workers;
        _arguments = arguments;
        _modifier = modifier;
        _shape = new AttentionShape(arguments, V.Count, BlockRows);
        _blocks = (_shape.Rows + BlockRows - 1) / BlockRows;
        _chunks = _shape.Rows <= SplitRows ? Math.Max((_shape.MaximumKeys + ChunkKeys - 1) / ChunkKeys, 1) : 1;
    }

    private readonly nint Items => _arguments.Batch * _arguments.KeyHeads * _blocks * _chunks;

    public static void Run(Workers workers, in AttentionArguments arguments, TScore modifier)
    {
        var work = new AttentionWork<V, TScore>(workers, arguments, modifier);
        double products = (double)arguments.Batch * arguments.KeyHeads * work._shape.Rows * work._shape.MaximumKeys * (arguments.HeadSize + arguments.ValueHeadSize);
        double parts = Math.Min(products / MinimumWorkPerThread, Math.Min(workers.Count, work.Items));
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

    public readonly void Run(int part, int parts)
    {
        var block = new AttentionBlock<V, TScore>(_arguments, _modifier, _shape, _workers.Scratch(part, _shape.ScratchBytes));
        nint items = Items;
        for (nint round = 0; round * parts < items; round++)
        {
            // Every other round goes backwards: with causality later blocks see more keys, and so the parts get about the same work.
            nint item = (round * parts) + ((round & 1) == 0 ? part : parts - 1 - part);
            if (item < items)
            {
                RunItem(ref block, item);
            }
        }
    }

    private readonly void RunItem(ref AttentionBlock<V, TScore> block, nint item)
    {
        (nint rest, nint chunk) = Math.DivRem(item, _chunks);
        (nint pair, nint index) = Math.DivRem(rest, _blocks);
        (nint batch, nint keyHead) = Math.DivRem(pair, _arguments.KeyHeads);
        nint begin = index * BlockRows;
        nint rows = Math.Min(BlockRows, _shape.Rows - begin);
        if (_chunks == 1)
        {
            block.Compute(batch, keyHead, begin, rows, 0, nint.MaxValue);
            block.StoreOutput();
        }
        else
        {
            block.Compute(batch, keyHead, begin, rows, chunk * ChunkKeys, (chunk + 1) * ChunkKeys);
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
