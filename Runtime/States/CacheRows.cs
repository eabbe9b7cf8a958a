using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.States;

/// <summary>
/// Where the new keys or values of the run under way lie in a cache [batch, heads, capacity, headSize]: behind the tokens that each row of the batch holds, as the run's plan has it. What
/// computes them writes them there, so that nothing has to be copied; padding is not written at all. Lengths advance when the run is committed, so that a run that fails changes nothing.
/// </summary>
public readonly unsafe struct CacheRows
{
    private const int MaximumLanes = 16;

    private readonly float* _data;
    private readonly nint _batchStride;
    private readonly nint _headStride;
    private readonly nint _columns;
    private readonly bool _isSingleRow;
    private readonly int* _past;
    private readonly int* _first;
    private readonly int* _count;

    /// <summary>The places of a run's new tokens in a cache that tokens are appended to.</summary>
    /// <param name="state">The cache's state, after its <c>Begin</c>.</param>
    /// <param name="cache">The cache.</param>
    public CacheRows(SequenceState state, KeyValueBuffer cache)
        : this(state, (cache ?? throw new ArgumentNullException(nameof(cache))).Data, cache.RowStride, cache.HeadStride)
    {
    }

    /// <summary>The places of a run's new tokens in a cache of fixed shape.</summary>
    /// <param name="state">The state that plans where each row's tokens go, after its <c>Begin</c>.</param>
    /// <param name="data">First element of the cache.</param>
    /// <param name="batchStride">Elements from one row of the batch to the next.</param>
    /// <param name="headStride">Elements from one head to the next.</param>
    public CacheRows(SequenceState state, float* data, nint batchStride, nint headStride)
    {
        ArgumentNullException.ThrowIfNull(state);
        _data = data;
        _batchStride = batchStride;
        _headStride = headStride;
        _columns = state.NewColumns;
        _isSingleRow = state.Rows == 1;
        _past = state.PastLengths;
        _first = state.FirstNew;
        _count = state.NewCounts;
    }

    /// <summary>Whether there is no cache.</summary>
    public bool IsEmpty => _data == null;

    /// <summary>First element of a new token's first head; null for padding.</summary>
    /// <param name="batch">Row of the batch.</param>
    /// <param name="index">Which of the run's columns.</param>
    /// <param name="headSize">Elements of a head.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* Token(nint batch, nint index, nint headSize)
    {
        nint token = index - _first[batch];
        return token < 0 || token >= _count[batch] ? null : _data + (batch * _batchStride) + ((_past[batch] + token) * headSize);
    }

    /// <summary>First element of a head of a new token.</summary>
    /// <param name="token">What <see cref="Token"/> gave.</param>
    /// <param name="head">The head.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* Head(float* token, nint head) => token + (head * _headStride);

    /// <summary>Stores neighbouring elements of a row of the matrix [batch · columns, heads · headSize] of all new tokens.</summary>
    /// <typeparam name="V">Vector type.</typeparam>
    /// <param name="value">The elements.</param>
    /// <param name="row">Row of the matrix.</param>
    /// <param name="column">Column of lane 0.</param>
    /// <param name="headSize">Elements of a head.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<V>(V value, nint row, nint column, nint headSize)
        where V : struct, IVector<V>
    {
        // One row of the batch is the usual case, and divisions would be felt where many tokens come at once.
        nint batch = _isSingleRow ? 0 : row / _columns;
        float* token = Token(batch, row - (batch * _columns), headSize);
        if (token == null)
        {
            return;
        }

        nint head = (nint)((nuint)column / (nuint)headSize);
        nint element = column - (head * headSize);
        if (element + V.Count <= headSize)
        {
            V.Store(value, Head(token, head) + element);
        }
        else
        {
            StoreAcrossHeads(value, token, column, headSize);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void StoreAcrossHeads<V>(V value, float* token, nint column, nint headSize)
        where V : struct, IVector<V>
    {
        float* lanes = stackalloc float[MaximumLanes];
        V.Store(value, lanes);
        for (nint lane = 0; lane < V.Count; lane++)
        {
            (nint head, nint element) = Math.DivRem(column + lane, headSize);
            Head(token, head)[element] = lanes[lane];
        }
    }
}
