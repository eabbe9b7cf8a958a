using Cameo.States;

namespace Cameo.Kernels;

/// <summary>
/// Operands of <see cref="RotaryEmbedding.Run"/>. Input and output are views [batch, sequence, heads, headSize] or [batch, heads, sequence,
/// headSize] of any strides (in elements) whose last dimension is contiguous; they may be the same memory with the same strides.
/// </summary>
public unsafe struct RotaryArguments
{
    /// <summary>What is rotated.</summary>
    public float* Input;

    /// <summary>From one row of the batch to the next in the input.</summary>
    public nint InputBatchStride;

    /// <summary>From one position to the next in the input.</summary>
    public nint InputSequenceStride;

    /// <summary>From one head to the next in the input.</summary>
    public nint InputHeadStride;

    /// <summary>Where the result goes.</summary>
    public float* Output;

    /// <summary>Where the result goes instead of <see cref="Output"/>, if not empty: into a cache, behind the tokens that it holds. Padding is not written.</summary>
    public CacheRows OutputRows;

    /// <summary>From one row of the batch to the next in the output.</summary>
    public nint OutputBatchStride;

    /// <summary>From one position to the next in the output.</summary>
    public nint OutputSequenceStride;

    /// <summary>From one head to the next in the output.</summary>
    public nint OutputHeadStride;

    /// <summary>Rows of the batch.</summary>
    public nint Batch;

    /// <summary>Positions of this run.</summary>
    public nint Sequence;

    /// <summary>Heads.</summary>
    public nint Heads;

    /// <summary>Elements of a head.</summary>
    public nint HeadSize;

    /// <summary>Elements of a head that are rotated, from its start; even, at most <see cref="HeadSize"/>. The others are copied.</summary>
    public nint RotarySize;

    /// <summary>Cosines [positions, RotarySize / 2], or [positions, RotarySize] with a <see cref="TablePairOffset"/>.</summary>
    public float* Cosine;

    /// <summary>Sines, as the cosines.</summary>
    public float* Sine;

    /// <summary>Positions in the tables: a position must be less than this.</summary>
    public long TablePositions;

    /// <summary>From one position to the next in the tables; 0 stands for <see cref="RotarySize"/> / 2.</summary>
    public nint TableStride;

    /// <summary>From one row of the batch to the next in tables that are [batch, sequence, RotarySize / 2]; 0 for tables that all rows share.</summary>
    public nint TableBatchStride;

    /// <summary>From one head to the next in tables that every head has its own of; 0 for tables that all heads share.</summary>
    public nint TableHeadStride;

    /// <summary>From the entry of a pair's first element to that of its second, in tables with an entry for each; 0 where a pair has one entry.</summary>
    public nint TablePairOffset;

    /// <summary>From one pair to the next in the tables; 0 stands for 1.</summary>
    public nint TablePairStride;

    /// <summary>[batch, sequence] position of each element; null to count from <see cref="PositionOffset"/>.</summary>
    public long* PositionIds;

    /// <summary>From one row of the batch to the next in <see cref="PositionIds"/>; 0 if all rows share them.</summary>
    public nint PositionBatchStride;

    /// <summary>Added to every position.</summary>
    public long PositionOffset;

    /// <summary>[batch] added to every position of a row; null for none.</summary>
    public int* RowOffsets;

    /// <summary>[batch] first position of the run that is not padding, which has the row's first new position; null where there is no padding.</summary>
    public int* FirstQueries;

    /// <summary>[batch] positions that are not padding; null where there is no padding. Padding is copied as it is.</summary>
    public int* QueryCounts;

    /// <summary>Whether neighbouring elements form a pair, instead of element i and i + RotarySize / 2.</summary>
    public bool Interleaved;

    /// <summary>Takes positions and padding of every row from the plan of the run under way: its tokens follow those it holds.</summary>
    /// <param name="state">The state, after its <c>Begin</c>.</param>
    public void UsePlan(SequenceState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        Batch = state.Rows;
        Sequence = state.NewColumns;
        RowOffsets = state.PastLengths;
        FirstQueries = state.FirstNew;
        QueryCounts = state.NewCounts;
    }

    /// <summary>The position of an element, or -1 for padding.</summary>
    internal readonly long Position(nint batch, nint index)
    {
        nint step = index - (FirstQueries == null ? 0 : FirstQueries[batch]);
        if (QueryCounts != null && (step < 0 || step >= QueryCounts[batch]))
        {
            return -1;
        }

        long position = PositionIds == null ? step : PositionIds[(batch * PositionBatchStride) + index];
        return position + PositionOffset + (RowOffsets == null ? 0 : RowOffsets[batch]);
    }
}
