using Cameo.States;
using Cameo.Threading;
using Xunit;

namespace Cameo.Tests.States;

public sealed unsafe class SequenceStateTests
{
    private const int Heads = 2;
    private const int HeadSize = 3;

    [Fact]
    public void A_new_state_is_empty()
    {
        using var state = new SequenceState(4);
        Assert.Equal((4, 0, 0, 0), (state.Capacity, state.Position, state.Rows, state.MaximumLength));
        Assert.Empty(state.Lengths.ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => new SequenceState(0));
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(1, 3)]
    [InlineData(3, 1)]
    [InlineData(4, 0)]
    public void Runs_up_to_the_capacity_fit(int first, int second)
    {
        using var state = new SequenceState(4);
        Append(state, 1, first);
        Assert.Equal([first], state.Lengths.ToArray());
        Append(state, 1, second);
        Assert.Equal([4], state.Lengths.ToArray());
        Assert.Equal(4, state.Position);
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(1, 4)]
    [InlineData(3, 2)]
    [InlineData(4, 1)]
    [InlineData(1, int.MaxValue)]
    public void A_run_past_the_capacity_is_refused_and_changes_nothing(int first, int second)
    {
        using var state = new SequenceState(4, "past_sequence_length in OnnxDimensions");
        Append(state, 1, first);
        StateFullException exception = Assert.Throws<StateFullException>(() => state.Begin(1, second));
        Assert.Equal((4, 0, first, second), (exception.Capacity, exception.Row, exception.Length, exception.Requested));
        Assert.Contains("past_sequence_length in OnnxDimensions", exception.Message, StringComparison.Ordinal);
        Assert.Equal([first], state.Lengths.ToArray());
        Assert.Equal(first, state.Position);
        Append(state, 1, 4 - first);
        Assert.Equal([4], state.Lengths.ToArray());
    }

    [Fact]
    public void A_run_without_commit_leaves_no_trace()
    {
        using var state = new SequenceState(4);
        Append(state, 2, 1);
        state.Begin(2, 3);
        Assert.Equal(4, state.TotalLengths[1]);
        state.Begin(2, 2);
        state.Commit();
        Assert.Equal([3, 3], state.Lengths.ToArray());
        Assert.Equal(3, state.Position);
    }

    [Fact]
    public void Left_and_right_padding_never_become_tokens()
    {
        using var state = new SequenceState(6);
        Begin(state, 3, 4, [[0, 0, 1, 1], [1, 1, 1, 0], [0, 0, 0, 0]]);
        Assert.Equal([2, 0], new[] { state.FirstNew[0], state.FirstNew[1] });
        Assert.Equal([2, 3, 0], new[] { state.NewCounts[0], state.NewCounts[1], state.NewCounts[2] });
        state.Commit();
        Assert.Equal([2, 3, 0], state.Lengths.ToArray());
        Assert.Equal(4, state.Position);
        Begin(state, 3, 1, [[0, 0, 1, 1, 1], [1, 1, 1, 0, 0], [0, 0, 0, 0, 1]]);
        state.Commit();
        Assert.Equal([3, 3, 1], state.Lengths.ToArray());
        Assert.Equal([2, 3, 4], state.TokenColumns(0).ToArray());
        Assert.Equal([0, 1, 2], state.TokenColumns(1).ToArray());
        Assert.Equal([4], state.TokenColumns(2).ToArray());

        // The position may pass the capacity, as padding takes no room.
        Begin(state, 3, 4, [[1, 1, 1, 0, 0, 0, 0, 0, 1], [1, 1, 1, 0, 0, 1, 1, 1, 0], [0, 0, 0, 0, 1, 0, 0, 0, 0]]);
        state.Commit();
        Assert.Equal([4, 6, 1], state.Lengths.ToArray());
        Assert.Equal(9, state.Position);
    }

    [Fact]
    public void Contradicting_masks_are_refused_and_change_nothing()
    {
        using var state = new SequenceState(8);
        Begin(state, 2, 2, [[1, 1], [0, 1]]);
        state.Commit();
        AssertContradiction(state, 0, [[1, 0, 1], [0, 1, 1]], 1);          // row 0 holds two tokens
        AssertContradiction(state, 1, [[1, 1, 1], [1, 1, 1]], 1);          // row 1 holds one
        AssertContradiction(state, -1, [[1, 1], [0, 1]], 1);               // too narrow
        AssertContradiction(state, -1, [[1, 1, 1, 1], [0, 1, 1, 1]], 1);   // too wide
        AssertContradiction(state, 1, [[1, 1, 1, 1, 1], [0, 1, 1, 0, 1]], 3); // padding between tokens
        Assert.Equal([2, 1], state.Lengths.ToArray());
        Assert.Equal(2, state.Position);
        Begin(state, 2, 1, [[1, 1, 1], [0, 1, 1]]);
        state.Commit();
        Assert.Equal([3, 2], state.Lengths.ToArray());
    }

    [Fact]
    public void Masks_of_other_element_types()
    {
        using var state = new SequenceState(8);
        fixed (float* mask = (float[])[0, 1, 1])
        {
            state.Begin(1, 3, mask, 3);
        }

        state.Commit();
        fixed (bool* mask = (bool[])[false, true, true, true])
        {
            state.Begin(1, 1, mask, 4);
        }

        state.Commit();
        Assert.Equal([3], state.Lengths.ToArray());
    }

    [Fact]
    public void Counted_masks_append_at_each_rows_length()
    {
        using var state = new SequenceState(8);
        state.BeginTotals(2, 3, [3, 2], 3);
        state.Commit();
        Assert.Equal([3, 2], state.Lengths.ToArray());
        fixed (long* mask = (long[])[1, 1, 1, 1, 1, 1, 1, 0])
        {
            state.BeginCounted(2, 1, mask, 4);
        }

        Assert.Equal([1, 1], new[] { state.NewCounts[0], state.NewCounts[1] });
        state.Commit();
        Assert.Equal([4, 3], state.Lengths.ToArray());
        Assert.Equal([0, 1, 2], state.TokenColumns(1).ToArray());
        Assert.Throws<MaskContradictionException>(() => state.BeginTotals(2, 1, [6, 4], 5));
        Assert.Throws<MaskContradictionException>(() => state.BeginTotals(2, 1, [5, 2], 5));
        Assert.Throws<MaskContradictionException>(() => state.BeginTotals(2, 1, [5, 4], 6));
        Assert.Throws<MaskContradictionException>(() => state.BeginTotals(2, 1, [5], 5));
        Assert.Equal([4, 3], state.Lengths.ToArray());
    }

    [Fact]
    public void Rewind_and_reset_of_all_rows_and_of_one()
    {
        using var state = new SequenceState(8);
        Begin(state, 2, 5, [[1, 1, 1, 1, 1], [0, 0, 1, 1, 1]]);
        state.Commit();
        state.Rewind(4);
        Assert.Equal([4, 3], state.Lengths.ToArray());
        Assert.Equal(5, state.Position);
        state.Rewind(1, 1);
        Assert.Equal([4, 1], state.Lengths.ToArray());
        Assert.Equal(4, state.Position);
        state.Rewind(1);
        Assert.Equal([1, 1], state.Lengths.ToArray());
        Assert.Equal(3, state.Position); // the token of row 1 stands at column 2
        state.Reset(1);
        Assert.Equal(1, state.Position);
        state.Reset();
        Assert.Equal([0, 0], state.Lengths.ToArray());
        Assert.Equal(0, state.Position);
        Assert.Throws<ArgumentOutOfRangeException>(() => state.Rewind(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => state.Rewind(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => state.Rewind(2, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => state.Rewind(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => state.Reset(-1));
    }

    [Fact]
    public void The_batch_changes_only_while_the_state_is_empty()
    {
        using var state = new SequenceState(4);
        var buffer = new KeyValueBuffer(state, Heads, HeadSize);
        Append(state, 2, 1);
        float* address = buffer.Data;
        Assert.Equal(0, (nint)address % 64);
        StateRowsException exception = Assert.Throws<StateRowsException>(() => state.Begin(3, 1));
        Assert.Equal((2, 3), (exception.Rows, exception.Requested));
        Assert.Throws<StateRowsException>(() => state.Begin(1, 1));
        Append(state, 2, 3);
        Assert.True(address == buffer.Data);
        state.Reset();
        Append(state, 1, 4);
        Assert.True(address == buffer.Data);
        Assert.Equal(1, state.Rows);
        state.Reset();
        Append(state, 2, 1);
        Assert.True(address == buffer.Data);
        Assert.Equal([1, 1], state.Lengths.ToArray());
        state.Reset();
        Append(state, 5, 2);
        Assert.Equal([2, 2, 2, 2, 2], state.Lengths.ToArray());
        Assert.Equal(5 * Heads * 4 * HeadSize * sizeof(float), buffer.Bytes);
    }

    [Fact]
    public void Appended_tokens_stand_at_their_columns_when_read_back()
    {
        using var state = new SequenceState(5);
        var buffer = new KeyValueBuffer(state, Heads, HeadSize);
        Begin(state, 2, 3, [[0, 1, 1], [1, 1, 0]]);
        AppendToCache(state, buffer, 0);
        Begin(state, 2, 2, [[0, 1, 1, 1, 1], [1, 1, 0, 0, 1]]);
        AppendToCache(state, buffer, 3);
        float[] expected = Columns(2, 5, static (row, column) => (row == 0 && column == 0) || (row == 1 && column is 2 or 3 && row == 1));
        Assert.Equal(expected, Read(state, buffer, 5));

        // Padding is not stored: row 1's tokens follow one another.
        Assert.Equal(Element(1, 0, 4, 0), buffer.Head(1, 0)[2 * HeadSize]);
        float[] wider = Read(state, buffer, 7);
        Assert.Equal(expected[..HeadSize], wider[..HeadSize]);
        Assert.Equal(0, wider[6 * HeadSize]);
        Assert.Throws<ArgumentException>(() => buffer.Read(new float[2 * Heads * 4 * HeadSize], 4));
        Assert.Throws<ArgumentException>(() => buffer.Read(new float[7], 5));
    }

    [Fact]
    public void A_loaded_state_without_mask_holds_all_columns()
    {
        using var state = new SequenceState(5);
        var buffer = new KeyValueBuffer(state, Heads, HeadSize);
        buffer.Load(Columns(2, 3), 2, 3);
        Assert.Equal(3, state.Position);
        state.Begin(2, 2);
        AppendToCache(state, buffer, 3);
        Assert.Equal([5, 5], state.Lengths.ToArray());
        Assert.Equal(Columns(2, 5), Read(state, buffer, 5));
    }

    [Fact]
    public void A_mask_after_a_load_defines_the_lengths_and_squeezes_padding_out()
    {
        using var state = new SequenceState(5);
        var keys = new KeyValueBuffer(state, Heads, HeadSize);
        var values = new KeyValueBuffer(state, Heads, HeadSize);
        keys.Load(Columns(2, 4), 2, 4);
        values.Load(Columns(2, 4), 2, 4);
        float* address = keys.Data;
        Begin(state, 2, 1, [[0, 1, 0, 1, 1], [1, 1, 1, 1, 1]]);
        Assert.True(address == keys.Data);
        AppendToCache(state, keys, 4, commit: false);
        AppendToCache(state, values, 4);
        Assert.Equal([3, 5], state.Lengths.ToArray());
        Assert.Equal(Element(0, 1, 1, 2), values.Head(0, 1)[2]);
        Assert.Equal(Element(0, 1, 3, 0), values.Head(0, 1)[HeadSize]);
        float[] expected = Columns(2, 5, static (row, column) => row == 0 && column is 0 or 2 && row == 0);
        Assert.Equal(expected, Read(state, keys, 5));
        Assert.Equal(expected, Read(state, values, 5));

        // From now on the mask has to agree.
        AssertContradiction(state, 0, [[1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 0]], 1);
    }

    [Fact]
    public void A_counted_load_of_rows_of_different_length_and_of_a_static_cache()
    {
        using var state = new SequenceState(8);
        var buffer = new KeyValueBuffer(state, Heads, HeadSize);
        buffer.Load(Columns(2, 6), 2, 6);
        state.BeginTotals(2, 1, [7, 5], 7);
        Assert.Equal([6, 4], state.Lengths.ToArray());
        state.Commit();
        Assert.Equal([7, 5], state.Lengths.ToArray());

        buffer.Load(Columns(1, 8), 1, 8);
        state.BeginTotals(1, 1, [5], 5);
        state.Commit();
        Assert.Equal([5], state.Lengths.ToArray());
        Assert.Equal(5, state.Position);
    }

    [Fact]
    public void Incomplete_and_uneven_loads_are_refused()
    {
        using var state = new SequenceState(5);
        var keys = new KeyValueBuffer(state, Heads, HeadSize);
        var values = new KeyValueBuffer(state, Heads, HeadSize);
        keys.Load(Columns(1, 2), 1, 2);
        Assert.Throws<IncompleteStateLoadException>(() => state.Begin(1, 1));
        Assert.Throws<IncompleteStateLoadException>(() => values.Load(Columns(1, 3), 1, 3));
        values.Load(Columns(1, 2), 1, 2);
        Append(state, 1, 1);
        Assert.Equal([3], state.Lengths.ToArray());

        Assert.Throws<StateFullException>(() => keys.Load(Columns(1, 6), 1, 6));
        Assert.Throws<ArgumentException>(() => keys.Load(Columns(1, 2), 1, 3));
        Assert.Equal([3], state.Lengths.ToArray());

        keys.Load([], 1, 0);
        values.Load([], 1, 0);
        Append(state, 1, 4);
        Assert.Equal([4], state.Lengths.ToArray());
    }

    [Fact]
    public void A_copy_has_the_same_tokens_and_goes_its_own_way()
    {
        using var state = new SequenceState(8);
        var buffer = new KeyValueBuffer(state, Heads, HeadSize);
        Begin(state, 2, 3, [[0, 1, 1], [1, 1, 1]]);
        AppendToCache(state, buffer, 0);

        using var copy = new SequenceState(5);
        var copied = new KeyValueBuffer(copy, Heads, HeadSize);
        copy.CopyFrom(state);
        Assert.Equal([2, 3], copy.Lengths.ToArray());
        Assert.Equal(3, copy.Position);
        Assert.Equal(Read(state, buffer, 3), Read(copy, copied, 3));
        Append(copy, 2, 2);
        Assert.Equal([2, 3], state.Lengths.ToArray());

        using var small = new SequenceState(2);
        _ = new KeyValueBuffer(small, Heads, HeadSize);
        Assert.Throws<StateFullException>(() => small.CopyFrom(state));
        using var other = new SequenceState(8);
        Assert.Throws<ArgumentException>(() => other.CopyFrom(state));
        using var empty = new SequenceState(8);
        _ = new KeyValueBuffer(empty, Heads, HeadSize);
        copy.CopyFrom(empty);
        Assert.Equal(0, copy.Position);
        Append(copy, 3, 1);
    }

    [Fact]
    public void A_step_allocates_nothing()
    {
        using var state = new SequenceState(400);
        var buffer = new KeyValueBuffer(state, Heads, HeadSize);
        float[] source = Columns(1, 1);
        Append(state, 1, 1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        fixed (float* data = source)
        {
            for (int step = 0; step < 300; step++)
            {
                state.Begin(1, 1);
                Cameo.Kernels.Attention.AppendToCache(Workers.Serial, state, buffer, data, 0, 0, HeadSize);
                state.Commit();
            }
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Carried_states_load_read_reset_and_copy()
    {
        using var state = new CarriedState(StateUpdate.Replaced, 1, 8);
        byte[] read = new byte[8];
        state.Read(read);
        Assert.Equal(new byte[8], read);
        state.Load([1, 2, 3, 4, 5, 6, 7, 8], 8);
        using var copy = new CarriedState(StateUpdate.Replaced, 1, 8);
        copy.CopyFrom(state);
        state.Reset();
        copy.Read(read);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], read);
        state.Read(read);
        Assert.Equal(new byte[8], read);
        Assert.Throws<ArgumentException>(() => state.Load([1], 1));
        Assert.Throws<ArgumentException>(() => state.Load([1], 8));
        Assert.Throws<ArgumentException>(() => state.Read(new byte[9]));
        using var other = new CarriedState(StateUpdate.Replaced, 1, 4);
        Assert.Throws<ArgumentException>(() => other.CopyFrom(state));
    }

    private static void Append(SequenceState state, int rows, int tokens)
    {
        state.Begin(rows, tokens);
        state.Commit();
    }

    private static void Begin(SequenceState state, int rows, int newColumns, long[][] mask)
    {
        fixed (long* data = mask.SelectMany(static row => row).ToArray())
        {
            state.Begin(rows, newColumns, data, mask[0].Length);
        }
    }

    private static void AssertContradiction(SequenceState state, int row, long[][] mask, int newColumns)
    {
        MaskContradictionException exception = Assert.Throws<MaskContradictionException>(() => Begin(state, mask.Length, newColumns, mask));
        Assert.Equal(row, exception.Row);
    }

    private static float Element(int row, int head, int column, int element) => (row * 1000) + (head * 100) + (column * 10) + element + 1;

    private static float[] Columns(int rows, int columns, Func<int, int, bool>? isPadding = null) =>
    [
        .. from row in Enumerable.Range(0, rows)
           from head in Enumerable.Range(0, Heads)
           from column in Enumerable.Range(0, columns)
           from element in Enumerable.Range(0, HeadSize)
           select isPadding?.Invoke(row, column) == true ? 0 : Element(row, head, column, element),
    ];

    // Appends the columns of the run, whose first is given, from a source [row, column, head, element].
    private static void AppendToCache(SequenceState state, KeyValueBuffer buffer, int firstColumn, bool commit = true)
    {
        float[] source =
        [
            .. from row in Enumerable.Range(0, state.Rows)
               from column in Enumerable.Range(firstColumn, state.NewColumns)
               from head in Enumerable.Range(0, Heads)
               from element in Enumerable.Range(0, HeadSize)
               select Element(row, head, column, element),
        ];
        fixed (float* data = source)
        {
            Cameo.Kernels.Attention.AppendToCache(Workers.Serial, state, buffer, data, state.NewColumns * Heads * HeadSize, Heads * HeadSize, HeadSize);
        }

        if (commit)
        {
            state.Commit();
        }
    }

    private static float[] Read(SequenceState state, KeyValueBuffer buffer, int columns)
    {
        var result = new float[state.Rows * Heads * columns * HeadSize];
        buffer.Read(result, columns);
        return result;
    }
}
