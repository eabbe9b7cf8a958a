using System.Runtime.InteropServices;

namespace Cameo.States;

/// <summary>
/// Bookkeeping of a session's key/value caches: how many tokens each row of the batch holds and, for the run under way,
/// which of its new columns are tokens. All buffers of a session share one.
/// </summary>
/// <remarks>
/// <para>Three numbers that are easily confused: <see cref="Capacity"/> is the number of tokens a row can hold,
/// <see cref="Position"/> the number of mask columns presented so far, padding included, and <see cref="Lengths"/> the
/// number of tokens each row holds. Padding never enters a cache: a row's tokens stand at positions 0 to length - 1.</para>
/// <para>A run calls one of the <c>Begin</c> methods, which check everything before they change anything, lets its kernels
/// append at <see cref="PastLengths"/>, and calls <see cref="Commit"/>. A run that fails before that leaves no trace.</para>
/// </remarks>
public sealed unsafe partial class SequenceState : IDisposable
{
    /// <summary>What messages name as the way to a larger capacity where nothing better is known.</summary>
    public const string DefaultCapacityOption = "the dimension's bound in OnnxDimensions or SessionOptions.Capacity";

    // Looking through all pages takes microseconds.
    private const int TokensPerLook = 64;

    // A prompt's token takes a model with caches of megabytes milliseconds, a page less than one.
    private const int TokensPerPage = 4;

    private readonly List<KeyValueBuffer> _buffers = [];
    private readonly string _capacityOption;

    // One block of native memory: four arrays of _allocatedRows integers, then the mask column of each token,
    // [_allocatedRows][Capacity]. Native, so that kernels read it through plain pointers.
    private int* _block;
    private int _allocatedRows;

    private bool _loadPending;
    private int _loadGeneration;
    private int _plannedPosition;

    // Tokens of the shortest row when pages of the caches were looked through last, and whether some were left for later.
    private int _pagesLookedAt;
    private bool _hasPagesLeft;

    /// <summary>Creates the bookkeeping of an empty state.</summary>
    /// <param name="capacity">Tokens a row can hold.</param>
    /// <param name="capacityOption">The option that raises the capacity, for messages.</param>
    public SequenceState(int capacity, string capacityOption = DefaultCapacityOption)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        Capacity = capacity;
        _capacityOption = capacityOption;
    }

    /// <summary>Frees the memory of a state that was not disposed.</summary>
    ~SequenceState() => Free();

    /// <summary>Tokens a row can hold.</summary>
    public int Capacity { get; }

    /// <summary>Mask columns presented so far, padding included: the width of the next run's mask before its own columns.</summary>
    public int Position { get; private set; }

    /// <summary>Columns before those of the run under way.</summary>
    public int PastColumns => _plannedPosition - NewColumns;

    /// <summary>Rows of the batch; 0 before the first run.</summary>
    public int Rows { get; private set; }

    /// <summary>Columns of the run under way.</summary>
    public int NewColumns { get; private set; }

    /// <summary>Tokens that each row holds.</summary>
    public ReadOnlySpan<int> Lengths => new(PastLengths, Rows);

    /// <summary>The largest of <see cref="Lengths"/>.</summary>
    public int MaximumLength
    {
        get
        {
            int maximum = 0;
            foreach (int length in Lengths)
            {
                maximum = Math.Max(maximum, length);
            }

            return maximum;
        }
    }

    /// <summary>[rows] tokens that each row held before the run under way: where its new tokens go.</summary>
    public int* PastLengths => _block;

    /// <summary>[rows] first column of the run under way that is a token.</summary>
    public int* FirstNew => _block + _allocatedRows;

    /// <summary>[rows] number of columns of the run under way that are tokens; they follow one another.</summary>
    public int* NewCounts => _block + (2 * (nint)_allocatedRows);

    /// <summary>[rows] tokens that each row holds once the run under way has appended its own.</summary>
    public int* TotalLengths => _block + (3 * (nint)_allocatedRows);

    /// <summary>The buffers that share this bookkeeping, in the order they were created.</summary>
    public IReadOnlyList<KeyValueBuffer> Buffers => _buffers;

    /// <summary>The mask column at which each token of a row was presented, in order.</summary>
    /// <param name="row">Row of the batch.</param>
    /// <returns>As many columns as the row has tokens.</returns>
    public ReadOnlySpan<int> TokenColumns(int row) => new(ColumnsOf(CheckRow(row)), PastLengths[row]);

    /// <summary>
    /// Allocates the buffers for a batch size that is known before the first run. Without this call the first run does it.
    /// </summary>
    /// <param name="rows">Batch size.</param>
    /// <exception cref="StateRowsException">The state holds tokens of another number of rows.</exception>
    public void EnsureRows(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        CheckRowsCanChange(rows);
        Grow(rows);
        SetRows(rows);
    }

    /// <summary>
    /// Fills a padding mask for one more run over one row: ones where the row's tokens were presented and for all new columns, zeros where there was padding.
    /// </summary>
    /// <typeparam name="T">Element type of the mask.</typeparam>
    /// <param name="mask">Receives the columns.</param>
    /// <param name="one">What says "a token".</param>
    /// <param name="columns">Position plus the new columns.</param>
    public void FillMask<T>(Span<T> mask, T one, int columns)
        where T : unmanaged
    {
        mask[..Position].Clear();
        foreach (int column in Rows == 0 ? default : TokenColumns(0))
        {
            mask[column] = one;
        }

        mask[Position..columns].Fill(one);
    }

    /// <summary>Makes the tokens of the run under way part of the state.</summary>
    public void Commit()
    {
        for (int row = 0; row < Rows; row++)
        {
            PastLengths[row] = TotalLengths[row];
            NewCounts[row] = 0;
        }

        int newColumns = NewColumns;
        Position = _plannedPosition;
        NewColumns = 0;
        MakePagesLarge(newColumns);
    }

    /// <summary>
    /// Drops the last tokens of every row so that it holds at most <paramref name="length"/>. Rows that hold fewer stay as they are.
    /// </summary>
    /// <param name="length">Tokens to keep.</param>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or more than the longest row holds.</exception>
    public void Rewind(int length)
    {
        if (length < 0 || length > MaximumLength)
        {
            throw new ArgumentOutOfRangeException(nameof(length), length, $"The longest row holds {MaximumLength} tokens.");
        }

        for (int row = 0; row < Rows; row++)
        {
            PastLengths[row] = Math.Min(PastLengths[row], length);
        }

        EndAtLastToken();
    }

    /// <summary>Drops the last tokens of one row so that it holds <paramref name="length"/>.</summary>
    /// <param name="row">Row of the batch.</param>
    /// <param name="length">Tokens to keep.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such row, or a length that is negative or more than the row holds.</exception>
    public void Rewind(int row, int length)
    {
        CheckRow(row);
        if (length < 0 || length > PastLengths[row])
        {
            throw new ArgumentOutOfRangeException(nameof(length), length, $"Row {row} holds {PastLengths[row]} tokens.");
        }

        PastLengths[row] = length;
        EndAtLastToken();
    }

    /// <summary>Drops all tokens of all rows. The memory stays, for the same or another batch size.</summary>
    public void Reset()
    {
        new Span<int>(PastLengths, Rows).Clear();
        EndAtLastToken();
    }

    /// <summary>Drops all tokens of one row.</summary>
    /// <param name="row">Row of the batch.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such row.</exception>
    public void Reset(int row) => Rewind(row, 0);

    /// <summary>
    /// Makes this state and its buffers equal to those of another session of the same model; only tokens are copied.
    /// </summary>
    /// <param name="source">The state to copy. It is not changed.</param>
    /// <exception cref="ArgumentException">The buffers of the two states don't correspond.</exception>
    /// <exception cref="StateFullException">A row of the source has more tokens than this state can hold.</exception>
    /// <exception cref="IncompleteStateLoadException">Only some of the source's buffers were loaded.</exception>
    public void CopyFrom(SequenceState source)
    {
        ArgumentNullException.ThrowIfNull(source);
        CheckCorresponds(source);
        source.CheckLoadComplete();
        for (int row = 0; row < source.Rows; row++)
        {
            if (source.PastLengths[row] > Capacity)
            {
                throw new StateFullException(Capacity, row, 0, source.PastLengths[row], _capacityOption);
            }
        }

        Reset();
        if (source.Rows == 0)
        {
            Rows = 0;
            return;
        }

        EnsureRows(source.Rows);
        for (int row = 0; row < Rows; row++)
        {
            source.TokenColumns(row).CopyTo(new Span<int>(ColumnsOf(row), Capacity));
        }

        for (int index = 0; index < _buffers.Count; index++)
        {
            _buffers[index].CopyTokensFrom(source._buffers[index], source.Lengths);
        }

        source.Lengths.CopyTo(new Span<int>(PastLengths, Rows));
        Position = source.Position;
        _loadPending = source._loadPending;
        _loadGeneration++;
        foreach (KeyValueBuffer buffer in _buffers)
        {
            buffer.LoadGeneration = _loadGeneration;
        }
    }

    /// <summary>Frees the bookkeeping and all attached buffers.</summary>
    public void Dispose()
    {
        foreach (KeyValueBuffer buffer in _buffers)
        {
            buffer.Dispose();
        }

        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>Adds a buffer to those that grow, load and fork together.</summary>
    internal void Attach(KeyValueBuffer buffer)
    {
        _buffers.Add(buffer);
        buffer.EnsureRows(_allocatedRows);
    }

    private int* ColumnsOf(int row) => _block + (4 * (nint)_allocatedRows) + ((nint)row * Capacity);

    private int CheckRow(int row)
    {
        if ((uint)row >= (uint)Rows)
        {
            throw new ArgumentOutOfRangeException(nameof(row), row, $"The state has {Rows} row(s).");
        }

        return row;
    }

    private void CheckRowsCanChange(int rows)
    {
        if (rows != Rows && MaximumLength > 0)
        {
            throw new StateRowsException(Rows, rows);
        }
    }

    private void CheckCorresponds(SequenceState source)
    {
        bool same = source._buffers.Count == _buffers.Count;
        for (int index = 0; same && index < _buffers.Count; index++)
        {
            same = source._buffers[index].Heads == _buffers[index].Heads && source._buffers[index].HeadSize == _buffers[index].HeadSize;
        }

        if (!same)
        {
            throw new ArgumentException("The state to copy belongs to another model: its buffers have other shapes.", nameof(source));
        }
    }

    /// <summary>
    /// Makes pages of the caches large that tokens fill by now. Copying one takes some 0.3 ms, so a run copies one, and a longer prompt more: all heads of all layers fill
    /// theirs at the same token.
    /// </summary>
    private void MakePagesLarge(int newColumns)
    {
        int shortest = Rows == 0 ? 0 : int.MaxValue;
        for (int row = 0; row < Rows; row++)
        {
            shortest = Math.Min(shortest, PastLengths[row]);
        }

        _pagesLookedAt = Math.Min(_pagesLookedAt, shortest);
        if (!_hasPagesLeft && shortest - _pagesLookedAt < TokensPerLook)
        {
            return;
        }

        int most = 1 + (newColumns / TokensPerPage);
        for (int index = 0; index < _buffers.Count && most > 0; index++)
        {
            most -= _buffers[index].MakePagesLarge(shortest, most);
        }

        _hasPagesLeft = most == 0;
        _pagesLookedAt = shortest;
    }

    // Only called while no row holds a token, so that nothing has to be kept.
    private void Grow(int rows)
    {
        if (rows <= _allocatedRows)
        {
            return;
        }

        foreach (KeyValueBuffer buffer in _buffers)
        {
            buffer.EnsureRows(rows);
        }

        int* block = (int*)NativeMemory.AllocZeroed(checked((nuint)rows * (4 + (nuint)Capacity)), sizeof(int));
        NativeMemory.Free(_block);
        _block = block;
        _allocatedRows = rows;
    }

    private void SetRows(int rows)
    {
        // Rows that come back after a smaller batch must not remember their old tokens.
        for (int row = Rows; row < rows; row++)
        {
            PastLengths[row] = 0;
        }

        Rows = rows;
    }

    private void EndAtLastToken()
    {
        int position = 0;
        for (int row = 0; row < Rows; row++)
        {
            int length = PastLengths[row];
            NewCounts[row] = 0;
            position = length == 0 ? position : Math.Max(position, ColumnsOf(row)[length - 1] + 1);
        }

        Position = position;
        NewColumns = 0;
        _loadPending = false;
    }

    private void Free()
    {
        NativeMemory.Free(_block);
        _block = null;
        _allocatedRows = 0;
        Rows = 0;
    }
}
