using System.Numerics;

namespace Cameo.States;

/// <content>Loading, and planning a run: which of its columns are tokens, and whether they fit.</content>
public sealed unsafe partial class SequenceState
{
    /// <summary>Plans a run without a padding mask: every row appends all new columns.</summary>
    /// <param name="rows">Batch size.</param>
    /// <param name="newColumns">Tokens per row.</param>
    /// <exception cref="StateFullException">A row has no room for them.</exception>
    /// <exception cref="StateRowsException">The state holds tokens of another number of rows.</exception>
    /// <exception cref="IncompleteStateLoadException">Only some of the buffers were loaded.</exception>
    public void Begin(int rows, int newColumns)
    {
        PrepareBegin(rows, newColumns);
        for (int row = 0; row < rows; row++)
        {
            PlanRow(row, LengthBefore(row, rows), 0, newColumns);
        }

        Accept(rows, newColumns, Position, countsOnly: false);
    }

    /// <summary>
    /// Plans a run with a padding mask [rows, maskColumns] over past and new columns. The past part must have as many ones
    /// as the row has tokens (right after a load it defines them); the ones among the new columns must follow one another.
    /// </summary>
    /// <typeparam name="T">Element type of the mask; zero means padding, anything else a token.</typeparam>
    /// <param name="rows">Batch size.</param>
    /// <param name="newColumns">Columns of this run.</param>
    /// <param name="mask">The mask, row after row.</param>
    /// <param name="maskColumns">Position + newColumns; right after loading a static cache it may be less, and tells how much of it is past.</param>
    /// <exception cref="MaskContradictionException">The mask does not fit the state, or has a gap among the new columns.</exception>
    /// <exception cref="StateFullException">A row has no room for its new tokens.</exception>
    /// <exception cref="StateRowsException">The state holds tokens of another number of rows.</exception>
    /// <exception cref="IncompleteStateLoadException">Only some of the buffers were loaded.</exception>
    public void Begin<T>(int rows, int newColumns, T* mask, int maskColumns)
        where T : unmanaged, IEquatable<T>
    {
        PrepareBegin(rows, newColumns);
        int pastColumns = CheckMaskColumns(newColumns, maskColumns);
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<T> rowMask = new(mask + ((nint)row * maskColumns), maskColumns);
            int past = CountOnes(rowMask[..pastColumns]);
            int length = LengthBefore(row, rows);
            if (!_loadPending && past != length)
            {
                throw new MaskContradictionException(row, $"its first {pastColumns} columns have {past} ones, but the row holds {length} tokens.");
            }

            (int first, int count) = FindNewTokens(rowMask[pastColumns..], row, pastColumns);
            PlanRow(row, past, first, count);
        }

        if (_loadPending)
        {
            for (int row = 0; row < rows; row++)
            {
                KeepOnes(row, new ReadOnlySpan<T>(mask + ((nint)row * maskColumns), pastColumns));
            }
        }

        Accept(rows, newColumns, pastColumns, countsOnly: false);
    }

    /// <summary>
    /// Plans a run of a graph that only counts a mask's ones, as com.microsoft GroupQueryAttention does: a row holds
    /// <paramref name="totals"/> tokens after the run, its tokens stand at the front of past and present, and its new tokens
    /// at the front of the new columns.
    /// </summary>
    /// <param name="rows">Batch size.</param>
    /// <param name="newColumns">Columns of this run.</param>
    /// <param name="totals">[rows] tokens each row holds after the run (<c>seqlens_k + 1</c>).</param>
    /// <param name="totalColumns">Width of the mask (<c>total_sequence_length</c>): Position + newColumns, or less right after loading a static cache.</param>
    /// <exception cref="MaskContradictionException">A total is less than what the row holds or more than the run can add.</exception>
    /// <exception cref="StateFullException">A row has no room for its new tokens.</exception>
    /// <exception cref="StateRowsException">The state holds tokens of another number of rows.</exception>
    /// <exception cref="IncompleteStateLoadException">Only some of the buffers were loaded.</exception>
    public void BeginTotals(int rows, int newColumns, ReadOnlySpan<long> totals, int totalColumns)
    {
        PrepareBegin(rows, newColumns);
        int pastColumns = CheckMaskColumns(newColumns, totalColumns);
        if (totals.Length != rows)
        {
            throw new MaskContradictionException(-1, $"{totals.Length} lengths came for a batch of {rows}.");
        }

        for (int row = 0; row < rows; row++)
        {
            PlanTotal(row, rows, newColumns, totals[row], pastColumns);
        }

        AcceptTotals(rows, newColumns, pastColumns);
    }

    /// <summary>
    /// As <see cref="BeginTotals"/>, with the totals counted from a padding mask [rows, maskColumns].
    /// </summary>
    /// <typeparam name="T">Element type of the mask; zero means padding, anything else a token.</typeparam>
    /// <param name="rows">Batch size.</param>
    /// <param name="newColumns">Columns of this run.</param>
    /// <param name="mask">The mask, row after row.</param>
    /// <param name="maskColumns">Its width.</param>
    public void BeginCounted<T>(int rows, int newColumns, T* mask, int maskColumns)
        where T : unmanaged, IEquatable<T>
    {
        PrepareBegin(rows, newColumns);
        int pastColumns = CheckMaskColumns(newColumns, maskColumns);
        for (int row = 0; row < rows; row++)
        {
            PlanTotal(row, rows, newColumns, CountOnes(new ReadOnlySpan<T>(mask + ((nint)row * maskColumns), maskColumns)), pastColumns);
        }

        AcceptTotals(rows, newColumns, pastColumns);
    }

    /// <summary>
    /// Plans a run of a graph that takes the lengths of its rows from an input, as com.microsoft GroupQueryAttention's <c>seqlens_k</c>: see <see cref="BeginTotals"/>.
    /// </summary>
    /// <typeparam name="T">Element type of the input.</typeparam>
    /// <param name="rows">Batch size.</param>
    /// <param name="newColumns">Columns of this run.</param>
    /// <param name="totals">[rows] what the graph adds <paramref name="offset"/> to, to get the tokens each row holds after the run.</param>
    /// <param name="offset">See there.</param>
    public void BeginTotals<T>(int rows, int newColumns, T* totals, int offset)
        where T : unmanaged, IBinaryInteger<T>
    {
        PrepareBegin(rows, newColumns);
        long longest = 0;
        for (int row = 0; row < rows; row++)
        {
            longest = Math.Max(longest, long.CreateChecked(totals[row]) + offset);
        }

        // Of a cache of fixed shape that was just loaded, the lengths tell how much is in use.
        int pastColumns = _loadPending ? (int)Math.Clamp(longest - newColumns, 0, Position) : Position;
        for (int row = 0; row < rows; row++)
        {
            PlanTotal(row, rows, newColumns, long.CreateChecked(totals[row]) + offset, pastColumns);
        }

        AcceptTotals(rows, newColumns, pastColumns);
    }

    /// <summary>
    /// Plans a run of a graph that says at which position each row's new tokens are written, as TensorScatter into a cache of fixed size: tokens from
    /// there on are replaced.
    /// </summary>
    /// <typeparam name="T">Element type of the positions.</typeparam>
    /// <param name="rows">Batch size.</param>
    /// <param name="newColumns">Columns of this run; all are tokens.</param>
    /// <param name="positions">[rows] where each row's first new token goes, at most the number of its tokens; null for the end of each row.</param>
    /// <exception cref="MaskContradictionException">A position is negative or leaves a gap behind the row's tokens.</exception>
    /// <exception cref="StateFullException">A row has no room for its new tokens.</exception>
    /// <exception cref="StateRowsException">The state holds tokens of another number of rows.</exception>
    public void BeginAt<T>(int rows, int newColumns, T* positions)
        where T : unmanaged, IBinaryInteger<T>
    {
        PrepareBegin(rows, newColumns);
        for (int row = 0; row < rows; row++)
        {
            int length = LengthBefore(row, rows);
            long position = positions == null ? length : long.CreateSaturating(positions[row]);
            if (position < 0 || position > length)
            {
                throw new MaskContradictionException(row, $"its new tokens are to be written at position {position}, but it holds {length}.");
            }

            PlanRow(row, (int)position, 0, newColumns);
        }

        int longest = 0;
        for (int row = 0; row < rows; row++)
        {
            PastLengths[row] = TotalLengths[row] - newColumns;
            longest = Math.Max(longest, PastLengths[row]);
        }

        Accept(rows, newColumns, longest, countsOnly: true);
    }

    /// <summary>
    /// Starts loading the buffers with <paramref name="columns"/> positions per row, or lets one more buffer join the load under way.
    /// </summary>
    /// <returns>The number of the load.</returns>
    internal int PrepareLoad(int rows, int columns, int bufferGeneration)
    {
        if (_loadPending && bufferGeneration != _loadGeneration)
        {
            if (rows != Rows || columns != Position)
            {
                throw new IncompleteStateLoadException(
                    $"A state was loaded with {columns} positions of {rows} row(s), another one of the same session with {Position} positions of {Rows} row(s).");
            }

            return _loadGeneration;
        }

        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        if (columns > Capacity)
        {
            throw new StateFullException(Capacity, 0, 0, columns, _capacityOption);
        }

        Reset();
        EnsureRows(rows);
        for (int row = 0; row < rows; row++)
        {
            PastLengths[row] = columns;
            FillColumns(row, 0, columns, 0);
        }

        Position = columns;
        _loadPending = true;
        return ++_loadGeneration;
    }

    private static int CountOnes<T>(ReadOnlySpan<T> mask)
        where T : unmanaged, IEquatable<T>
        => mask.Length - mask.Count(default(T));

    private static (int First, int Count) FindNewTokens<T>(ReadOnlySpan<T> mask, int row, int pastColumns)
        where T : unmanaged, IEquatable<T>
    {
        int first = mask.IndexOfAnyExcept(default(T));
        if (first < 0)
        {
            return (0, 0);
        }

        int count = mask[first..].IndexOf(default(T));
        count = count < 0 ? mask.Length - first : count;
        int next = mask[(first + count)..].IndexOfAnyExcept(default(T));
        if (next >= 0)
        {
            throw new MaskContradictionException(
                row,
                $"padding at column {pastColumns + first + count} stands between tokens of one run; padding may only stand before or after them.");
        }

        return (first, count);
    }

    private void PrepareBegin(int rows, int newColumns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(newColumns);
        CheckRowsCanChange(rows);
        CheckLoadComplete();
        Grow(rows);
    }

    private void CheckLoadComplete()
    {
        if (!_loadPending || Position == 0)
        {
            return;
        }

        for (int index = 0; index < _buffers.Count; index++)
        {
            if (_buffers[index].LoadGeneration != _loadGeneration)
            {
                throw new IncompleteStateLoadException(
                    $"State {index} of {_buffers.Count} was not loaded, while others were loaded with {Position} positions.");
            }
        }
    }

    // Rows that the state does not have yet hold nothing.
    private int LengthBefore(int row, int rows) => rows == Rows ? PastLengths[row] : 0;

    private int CheckMaskColumns(int newColumns, int maskColumns)
    {
        int pastColumns = maskColumns - newColumns;
        bool staticCache = _loadPending && pastColumns >= 0 && pastColumns < Position;
        if (pastColumns != Position && !staticCache)
        {
            throw new MaskContradictionException(
                -1, $"it has {maskColumns} columns, but {Position} came before and {newColumns} are new.");
        }

        return pastColumns;
    }

    private void PlanRow(int row, int past, int first, int count)
    {
        if (count > Capacity - past)
        {
            throw new StateFullException(Capacity, row, past, count, _capacityOption);
        }

        FirstNew[row] = first;
        NewCounts[row] = count;
        TotalLengths[row] = past + count;
    }

    private void PlanTotal(int row, int rows, int newColumns, long total, int pastColumns)
    {
        // A loaded row that has a past appends all columns of the run: the total tells how long its past is.
        long past = !_loadPending ? LengthBefore(row, rows) : pastColumns == 0 ? 0 : total - newColumns;
        long count = total - past;
        if (past < 0 || past > pastColumns || count < 0 || count > newColumns)
        {
            throw new MaskContradictionException(
                row, $"it stands for {total} tokens in all, but the row holds {Math.Max(past, 0)} and the run brings at most {newColumns}.");
        }

        PlanRow(row, (int)past, 0, (int)count);
    }

    // What a mask says about a loaded row: the ones are its tokens. They move to the front, so that padding never stays.
    private void KeepOnes<T>(int row, ReadOnlySpan<T> mask)
        where T : unmanaged, IEquatable<T>
    {
        int* columns = ColumnsOf(row);
        int count = 0;
        for (int column = 0; column < mask.Length; column++)
        {
            if (!mask[column].Equals(default))
            {
                columns[count++] = column;
            }
        }

        foreach (KeyValueBuffer buffer in _buffers)
        {
            buffer.Compact(row, new ReadOnlySpan<int>(columns, count));
        }

        PastLengths[row] = count;
    }

    private void AcceptTotals(int rows, int newColumns, int pastColumns)
    {
        if (_loadPending)
        {
            for (int row = 0; row < rows; row++)
            {
                PastLengths[row] = TotalLengths[row] - NewCounts[row];
            }
        }

        Accept(rows, newColumns, pastColumns, countsOnly: true);
    }

    private void Accept(int rows, int newColumns, int pastColumns, bool countsOnly)
    {
        SetRows(rows);
        for (int row = 0; row < rows; row++)
        {
            int past = PastLengths[row];
            FillColumns(row, past, NewCounts[row], countsOnly ? past : pastColumns + FirstNew[row]);
        }

        NewColumns = newColumns;
        _plannedPosition = checked(pastColumns + newColumns);
        _loadPending = false;
    }

    private void FillColumns(int row, int token, int count, int column)
    {
        int* columns = ColumnsOf(row) + token;
        for (int index = 0; index < count; index++)
        {
            columns[index] = column + index;
        }
    }
}
