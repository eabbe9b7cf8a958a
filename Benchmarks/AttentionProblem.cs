using Cameo.Kernels;
using Cameo.Threading;

namespace Cameo.Benchmarks;

/// <summary>One causal attention over key/value caches [heads, keys, size], of which there may be many that take turns.</summary>
internal sealed unsafe class AttentionProblem : IDisposable
{
    // Caches that take turns are together more than the machine's caches by far, so that none is still in one when its turn comes again.
    private const long RotatedBytes = 256L << 20;

    private readonly NativeBuffer _cache;
    private readonly nint _half;
    private int _next;

    public AttentionProblem(int queryHeads, int keyHeads, int headSize, int queries, int keys, bool takesTurns)
    {
        (QueryHeads, KeyHeads, HeadSize, Queries, Keys) = (queryHeads, keyHeads, headSize, queries, keys);
        _half = (nint)keyHeads * keys * headSize;
        Copies = takesTurns ? (int)(RotatedBytes / CacheBytes) + 1 : 1;
        _cache = new NativeBuffer(2 * _half * Copies).Fill(1);
        Query = new NativeBuffer((nint)queries * queryHeads * headSize).Fill(2);
        Output = new NativeBuffer(Query.Length);
    }

    public int QueryHeads { get; }

    public int KeyHeads { get; }

    public int HeadSize { get; }

    public int Queries { get; }

    public int Keys { get; }

    /// <summary>Caches that take turns.</summary>
    public int Copies { get; }

    /// <summary>A window, 0 for none.</summary>
    public int Window { get; init; }

    /// <summary>A soft cap, 0 for none.</summary>
    public float SoftCap { get; init; }

    /// <summary>[queries, query heads, size].</summary>
    public NativeBuffer Query { get; }

    /// <summary>[queries, query heads, size].</summary>
    public NativeBuffer Output { get; }

    /// <summary>Floats of one cache, keys and values.</summary>
    public nint CacheLength => 2 * _half;

    /// <summary>Bytes of one cache, keys and values.</summary>
    public double CacheBytes => 2.0 * _half * sizeof(float);

    /// <summary>Multiply-adds of the scores that no mask excludes, and of the values they weigh.</summary>
    public double MultiplyAdds
    {
        get
        {
            double scores = 0;
            for (int query = 0; query < Queries; query++)
            {
                int seen = Keys - Queries + query + 1;
                scores += Window > 0 ? Math.Min(seen, Window) : seen;
            }

            return scores * QueryHeads * 2 * HeadSize;
        }
    }

    /// <summary>Keys of the cache whose turn it is, followed by its values.</summary>
    public float* NextCache() => _cache.Pointer + (_next++ % Copies * CacheLength);

    /// <summary>Keys of the first cache, [heads, keys, size].</summary>
    public float* FirstKeys => _cache.Pointer;

    /// <summary>Values of the first cache, [heads, keys, size].</summary>
    public float* FirstValues => _cache.Pointer + _half;

    /// <summary>Runs the kernel over the cache whose turn it is.</summary>
    public void Run(Workers workers)
    {
        float* cache = NextCache();
        nint headStride = (nint)Keys * HeadSize;
        var arguments = new AttentionArguments
        {
            Query = Query.Pointer,
            QuerySequenceStride = QueryHeads * HeadSize,
            QueryHeadStride = HeadSize,
            Key = cache,
            KeySequenceStride = HeadSize,
            KeyHeadStride = headStride,
            Value = cache + _half,
            ValueSequenceStride = HeadSize,
            ValueHeadStride = headStride,
            Output = Output.Pointer,
            OutputSequenceStride = QueryHeads * HeadSize,
            OutputHeadStride = HeadSize,
            Batch = 1,
            QueryLength = Queries,
            QueryHeads = QueryHeads,
            KeyHeads = KeyHeads,
            HeadSize = HeadSize,
            ValueHeadSize = HeadSize,
            KeyLength = Keys,
            CausalOffset = Keys - Queries,
            IsCausal = true,
            Window = Window,
            SoftCap = SoftCap,
            Scale = (float)(1 / Math.Sqrt(HeadSize)),
        };
        Kernels.Attention.Run(workers, arguments, default(NoScoreModifier));
    }

    public void Dispose()
    {
        _cache.Dispose();
        Query.Dispose();
        Output.Dispose();
    }
}
