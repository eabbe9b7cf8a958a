using Cameo.Kernels;
using Cameo.States;
using Cameo.Tests.Infrastructure;
using Cameo.Threading;
using Xunit;

namespace Cameo.Tests.Kernels;

/// <summary>Products whose epilogue stores: into caches, and with panels that belong together. Each must give the bits of the plain product and a copy.</summary>
[Trait("Widths", "all")]
public sealed unsafe class StoringEpilogueTests
{
    public static TheoryData<int, int, int, int> Caches => new()
    {
        // rows of the batch, columns of the run, heads, head size
        { 1, 1, 3, 64 }, { 1, 1, 4, 8 }, { 1, 130, 2, 32 }, { 2, 7, 2, 20 }, { 3, 50, 5, 80 }, { 2, 1, 1, 3 }, { 1, 13, 7, 33 },
    };

    [Theory]
    [MemberData(nameof(Caches))]
    public void ProductsWriteIntoCaches(int batch, int columns, int heads, int headSize)
    {
        const int depth = 70, capacity = 200;
        int width = heads * headSize;
        using var state = new SequenceState(capacity);
        var expected = new KeyValueBuffer(state, heads, headSize);
        var actual = new KeyValueBuffer(state, heads, headSize);
        float[] a = Random(batch * columns * depth, 1);
        float[] b = Random(depth * width, 2);
        float[] packed = Pack(b, width, depth);
        float[] c = new float[batch * columns * width];

        // Rows of different lengths, and a run in which the last row has padding in front.
        long[] totals = [.. Enumerable.Range(0, batch).Select(static row => (long)(5 - row))];
        state.BeginTotals(batch, 5, totals, 5);
        foreach (KeyValueBuffer buffer in (KeyValueBuffer[])[expected, actual])
        {
            new Span<float>(buffer.Data, checked((int)(buffer.Bytes / sizeof(float)))).Fill(-1);
        }

        state.Commit();
        var mask = new long[batch, 5 + columns];
        for (int row = 0; row < batch; row++)
        {
            for (int column = 0; column < 5 + columns; column++)
            {
                mask[row, column] = column < 5 - row || column >= 5 + (row < batch - 1 ? 0 : columns / 3) ? 1 : 0;
            }
        }

        fixed (float* left = a, right = packed, output = c)
        fixed (long* ones = mask)
        {
            state.Begin(batch, columns, ones, 5 + columns);
            MatrixMultiply.Packed(Workers.Serial, left, depth, right, output, width, batch * columns, width, depth, default(NoEpilogue));
            Attention.AppendToCache(Workers.Serial, state, expected, output, columns * width, width, headSize);
            foreach (int threads in (int[])[1, 2, 5])
            {
                new Span<float>(actual.Data, checked((int)(actual.Bytes / sizeof(float)))).Fill(-1);
                MatrixMultiply.Packed(new Workers(threads), left, depth, right, null, 0, batch * columns, width, depth, new CacheEpilogue(new CacheRows(state, actual), headSize));
                Assert.True(Content(expected).SequenceEqual(Content(actual)), $"{threads} threads");
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RotationsWriteIntoCaches(bool interleaved)
    {
        const int batch = 2, columns = 9, heads = 3, headSize = 40, rotarySize = 24;
        using var state = new SequenceState(32);
        var expected = new KeyValueBuffer(state, heads, headSize);
        var actual = new KeyValueBuffer(state, heads, headSize);
        state.BeginTotals(batch, 4, [4, 2], 4);
        foreach (KeyValueBuffer buffer in (KeyValueBuffer[])[expected, actual])
        {
            new Span<float>(buffer.Data, checked((int)(buffer.Bytes / sizeof(float)))).Fill(-1);
        }

        state.Commit();
        float[] input = Random(batch * columns * heads * headSize, 3);
        float[] output = new float[input.Length];
        float[] tables = Random(64 * rotarySize / 2, 4);
        fixed (float* source = input, target = output, table = tables)
        {
            state.BeginTotals(batch, columns, [13, 7], 13);
            var arguments = new RotaryArguments
            {
                Input = source, InputBatchStride = columns * heads * headSize, InputSequenceStride = heads * headSize, InputHeadStride = headSize,
                Output = target, OutputBatchStride = columns * heads * headSize, OutputSequenceStride = heads * headSize, OutputHeadStride = headSize,
                Batch = batch, Sequence = columns, Heads = heads, HeadSize = headSize, RotarySize = rotarySize,
                Cosine = table, Sine = table, TablePositions = 64, Interleaved = interleaved,
            };
            RotaryEmbedding.Run(Workers.Serial, arguments);
            Attention.AppendToCache(Workers.Serial, state, expected, target, columns * heads * headSize, heads * headSize, headSize);
            arguments.Output = null;
            arguments.OutputRows = new CacheRows(state, actual);
            RotaryEmbedding.Run(new Workers(2), arguments);
        }

        Assert.True(Content(expected).SequenceEqual(Content(actual)));
    }

    [Theory]
    [InlineData(1, 96, 64)]
    [InlineData(1, 1000, 300)]
    [InlineData(3, 50, 20)]
    [InlineData(150, 172, 64)]
    [InlineData(40, 33, 9)]
    [InlineData(7, 7, 5)]
    public void PanelsOfAUnitMeetInOrder(int rows, int columns, int depth)
    {
        float[] a = Random(rows * depth, 5);
        float[] gate = Random(depth * columns, 6);
        float[] up = Random(depth * columns, 7);
        int panels = (columns + 31) / 32;
        int together = ((2 * panels) - 1) * 32 + (columns - ((panels - 1) * 32));
        float[] joined = Interleave(Pack(gate, columns, depth), Pack(up, columns, depth), panels, depth);
        float[] expected = new float[rows * columns];
        fixed (float* left = a, gatePanels = Pack(gate, columns, depth), upPanels = Pack(up, columns, depth), product = expected, right = joined)
        {
            float[] other = new float[rows * columns];
            MatrixMultiply.Packed(Workers.Serial, left, depth, gatePanels, product, columns, rows, columns, depth, default(NoEpilogue));
            fixed (float* second = other)
            {
                MatrixMultiply.Packed(Workers.Serial, left, depth, upPanels, second, columns, rows, columns, depth, default(NoEpilogue));
            }

            for (int index = 0; index < expected.Length; index++)
            {
                expected[index] = other[index] * expected[index];
            }

            foreach (int threads in (int[])[1, 2, 3, 7])
            {
                using var actual = new GuardedFloats(rows * columns);
                MatrixMultiply.Packed(new Workers(threads), left, depth, right, null, 0, rows, together, depth, new GatedEpilogue(actual.Pointer, columns));
                Assert.True(actual.Span.SequenceEqual(expected), $"{threads} threads");
            }
        }
    }

    private static ReadOnlySpan<float> Content(KeyValueBuffer buffer) => new(buffer.Data, checked((int)(buffer.Bytes / sizeof(float))));

    private static float[] Interleave(float[] first, float[] second, int panels, int depth)
    {
        float[] joined = new float[2 * first.Length];
        for (int panel = 0; panel < panels; panel++)
        {
            int length = depth * 32;
            first.AsSpan(panel * length, length).CopyTo(joined.AsSpan(2 * panel * length));
            second.AsSpan(panel * length, length).CopyTo(joined.AsSpan(((2 * panel) + 1) * length));
        }

        return joined;
    }

    private static float[] Pack(float[] b, int columns, int depth)
    {
        float[] packed = new float[MatrixMultiply.PackedLength(columns, depth)];
        for (int row = 0; row < depth; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                packed[(((column / 32 * depth) + row) * 32) + (column % 32)] = b[(row * columns) + column];
            }
        }

        return packed;
    }

    private static float[] Random(int length, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => (random.NextSingle() * 2) - 1)];
    }
}
