using Cameo.States;

namespace Cameo.Kernels;

/// <summary>
/// Operands of <see cref="Attention"/>. Query, key, value and output are views [batch, sequence, heads, headSize] or
/// [batch, heads, sequence, headSize] of any strides (in elements) whose last dimension is contiguous. The output must not overlap the others.
/// </summary>
/// <remarks>
/// Several query heads share a key/value head when there are more of them: query head h reads key head h · KeyHeads / QueryHeads.
/// Arrays of one number a row (<see cref="KeyLengths"/> and the like) are optional and go before the number for all rows.
/// </remarks>
public unsafe struct AttentionArguments
{
    /// <summary>What queries, keys, values and output are stored in.</summary>
    public AttentionElement Element;

    /// <summary>Queries.</summary>
    public void* Query;

    /// <summary>From one row of the batch to the next in the queries.</summary>
    public nint QueryBatchStride;

    /// <summary>From one position to the next in the queries.</summary>
    public nint QuerySequenceStride;

    /// <summary>From one head to the next in the queries.</summary>
    public nint QueryHeadStride;

    /// <summary>Keys.</summary>
    public void* Key;

    /// <summary>From one row of the batch to the next in the keys.</summary>
    public nint KeyBatchStride;

    /// <summary>From one position to the next in the keys.</summary>
    public nint KeySequenceStride;

    /// <summary>From one head to the next in the keys.</summary>
    public nint KeyHeadStride;

    /// <summary>Values.</summary>
    public void* Value;

    /// <summary>From one row of the batch to the next in the values.</summary>
    public nint ValueBatchStride;

    /// <summary>From one position to the next in the values.</summary>
    public nint ValueSequenceStride;

    /// <summary>From one head to the next in the values.</summary>
    public nint ValueHeadStride;

    /// <summary>Output.</summary>
    public void* Output;

    /// <summary>From one row of the batch to the next in the output.</summary>
    public nint OutputBatchStride;

    /// <summary>From one position to the next in the output.</summary>
    public nint OutputSequenceStride;

    /// <summary>From one head to the next in the output.</summary>
    public nint OutputHeadStride;

    /// <summary>Rows of the batch.</summary>
    public nint Batch;

    /// <summary>Query positions.</summary>
    public nint QueryLength;

    /// <summary>Heads of query and output; a multiple of <see cref="KeyHeads"/>.</summary>
    public nint QueryHeads;

    /// <summary>Heads of key and value.</summary>
    public nint KeyHeads;

    /// <summary>Elements of a query or key.</summary>
    public nint HeadSize;

    /// <summary>Elements of a value or output.</summary>
    public nint ValueHeadSize;

    /// <summary>Keys of each row.</summary>
    public nint KeyLength;

    /// <summary>[batch] keys of each row; null where all have <see cref="KeyLength"/>.</summary>
    public int* KeyLengths;

    /// <summary>Position of the first query among the keys: what stands before it is the past.</summary>
    public nint CausalOffset;

    /// <summary>[batch] position of each row's first query that is not padding; null where it is <see cref="CausalOffset"/> for all.</summary>
    public int* CausalOffsets;

    /// <summary>[batch] first query that is not padding; null where there is no padding.</summary>
    public int* FirstQueries;

    /// <summary>[batch] queries that are not padding, which follow one another; null where there is no padding. Padding's output is 0.</summary>
    public int* QueryCounts;

    /// <summary>Factor of the dot products, usually 1/√<see cref="HeadSize"/>.</summary>
    public float Scale;

    /// <summary>Scores become <c>SoftCap · tanh(score / SoftCap)</c>; 0 for none.</summary>
    public float SoftCap;

    /// <summary>Whether a query sees only the keys up to its own position.</summary>
    public bool IsCausal;

    /// <summary>A query sees at most this many keys up to its own position, itself included; 0 for no limit.</summary>
    public nint Window;

    /// <summary>
    /// Whether modified probabilities of keys that a query may not see can be other than 0. They are 0 before, and keys whose weight stays 0 are not read. Without a modifier of
    /// probabilities it means nothing.
    /// </summary>
    public bool WeighsUnseen;

    /// <summary>What a query that may see no key gives; where probabilities are modified, what those of its keys are before.</summary>
    public FullyMaskedRows FullyMasked;

    /// <summary>[QueryHeads] a score that takes part in each softmax of the head without having a value; null for none.</summary>
    public float* Sinks;

    /// <summary>Reads keys from a cache, up to the lengths of its state.</summary>
    /// <param name="cache">The key cache.</param>
    public void ReadKeys(KeyValueBuffer cache)
    {
        ArgumentNullException.ThrowIfNull(cache);
        Key = cache.Data;
        KeyBatchStride = cache.RowStride;
        KeySequenceStride = cache.HeadSize;
        KeyHeadStride = cache.HeadStride;
        KeyHeads = cache.Heads;
        HeadSize = cache.HeadSize;
    }

    /// <summary>Reads values from a cache, up to the lengths of its state.</summary>
    /// <param name="cache">The value cache.</param>
    public void ReadValues(KeyValueBuffer cache)
    {
        ArgumentNullException.ThrowIfNull(cache);
        Value = cache.Data;
        ValueBatchStride = cache.RowStride;
        ValueSequenceStride = cache.HeadSize;
        ValueHeadStride = cache.HeadStride;
        ValueHeadSize = cache.HeadSize;
    }

    /// <summary>Takes lengths, offsets and padding of every row from the plan of the run under way.</summary>
    /// <param name="state">The state the caches belong to, after its <c>Begin</c>.</param>
    public void UsePlan(SequenceState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        Batch = state.Rows;
        QueryLength = state.NewColumns;
        KeyLengths = state.TotalLengths;
        CausalOffsets = state.PastLengths;
        FirstQueries = state.FirstNew;
        QueryCounts = state.NewCounts;
    }
}
