using Cameo.Kernels;
using Cameo.States;
using Cameo.Threading;
using Xunit;
using AttentionKernel = Cameo.Kernels.Attention;

namespace Cameo.Tests.AttentionKernels;

/// <summary>Attention over caches that are appended to: step by step it must give what one run over the whole sequence gives.</summary>
[Trait("Widths", "all")]
public sealed unsafe class CachedAttentionTests
{
    private const int QueryHeads = 4, KeyHeads = 2, HeadSize = 12;

    [Theory]
    [InlineData(new[] { 1, 1, 1, 1, 1, 1 })]
    [InlineData(new[] { 5, 1, 1, 7, 1 })]
    [InlineData(new[] { 40, 1, 30, 1 })]
    public void Steps_give_what_one_run_gives(int[] steps)
    {
        int length = steps.Sum();
        var operands = new Operands(1, length);
        float[] expected = operands.WholeSequence();
        using var state = new SequenceState(length);
        var keys = new KeyValueBuffer(state, KeyHeads, HeadSize);
        var values = new KeyValueBuffer(state, KeyHeads, HeadSize);
        int done = 0;
        float* address = null;
        foreach (int step in steps)
        {
            state.Begin(1, step);
            float[] output = operands.Step(state, keys, values, done, step);
            state.Commit();
            AssertClose(expected.AsSpan(done * QueryHeads * HeadSize, output.Length), output);
            address = address == null ? keys.Data : address;
            Assert.True(address == keys.Data);
            done += step;
        }
    }

    [Fact]
    public void Padded_rows_give_what_they_give_alone()
    {
        // Two sequences of 6 and 3 tokens side by side: row 1 is padded on the left in the first run, on the right in the second.
        int[][] runs = [[4, 2], [2, 1], [1, 1]];
        long[][] masks = [[1, 1, 1, 1, 0, 0, 1, 1], [1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0, 1]];
        Operands[] alone = [new Operands(1, 7), new Operands(2, 4)];
        float[][] expected = [alone[0].WholeSequence(), alone[1].WholeSequence()];
        using var state = new SequenceState(7);
        var keys = new KeyValueBuffer(state, KeyHeads, HeadSize);
        var values = new KeyValueBuffer(state, KeyHeads, HeadSize);
        int[] done = [0, 0];
        for (int run = 0; run < runs.Length; run++)
        {
            int columns = runs[run][0];
            fixed (long* mask = masks[run])
            {
                state.Begin(2, columns, mask, masks[run].Length / 2);
            }

            float[] output = Operands.PaddedStep(state, keys, values, alone, done, columns);
            for (int row = 0; row < 2; row++)
            {
                int size = QueryHeads * HeadSize;
                int count = runs[run][row];
                Assert.Equal(count, state.NewCounts[row]);
                AssertClose(
                    expected[row].AsSpan(done[row] * size, count * size),
                    output.AsSpan(((row * columns) + state.FirstNew[row]) * size, count * size));
                done[row] += count;
            }

            // Padding's output is 0.
            int padding = columns - runs[run][1];
            int paddingStart = state.FirstNew[1] == 0 ? columns - padding : 0;
            Assert.All(output.AsSpan((columns + paddingStart) * QueryHeads * HeadSize, padding * QueryHeads * HeadSize).ToArray(), static x => Assert.Equal(0, x));
            state.Commit();
        }
    }

    private static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int index = 0; index < expected.Length; index++)
        {
            Assert.True(Math.Abs(expected[index] - actual[index]) <= 1e-5f, $"element {index}: expected {expected[index]}, got {actual[index]}");
        }
    }

    /// <summary>Queries, keys and values [length, heads, size] of one sequence.</summary>
    private sealed class Operands
    {
        private readonly int _length;
        private readonly float[] _queries;
        private readonly float[] _keys;
        private readonly float[] _values;

        public Operands(int seed, int length)
        {
            var random = new Random(seed);
            float[] Fill(int count) => [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 4) - 2)];
            _length = length;
            _queries = Fill(length * QueryHeads * HeadSize);
            _keys = Fill(length * KeyHeads * HeadSize);
            _values = Fill(length * KeyHeads * HeadSize);
        }

        public float[] WholeSequence()
        {
            var problem = new double[_length * QueryHeads * HeadSize];
            for (int query = 0; query < _length; query++)
            {
                for (int head = 0; head < QueryHeads; head++)
                {
                    AddReference(problem.AsSpan(((query * QueryHeads) + head) * HeadSize, HeadSize), query, head);
                }
            }

            return [.. problem.Select(static x => (float)x)];
        }

        public float[] Step(SequenceState state, KeyValueBuffer keys, KeyValueBuffer values, int done, int count)
        {
            float[] Slice(float[] source, int heads) => source.AsSpan(done * heads * HeadSize, count * heads * HeadSize).ToArray();
            return Run(state, keys, values, Slice(_queries, QueryHeads), Slice(_keys, KeyHeads), Slice(_values, KeyHeads), count);
        }

        public static float[] PaddedStep(SequenceState state, KeyValueBuffer keys, KeyValueBuffer values, Operands[] rows, int[] done, int columns)
        {
            float[] Pad(Func<Operands, float[]> source, int heads)
            {
                // What stands in padding must not matter.
                float[] padded = [.. Enumerable.Repeat(float.NaN, rows.Length * columns * heads * HeadSize)];
                for (int row = 0; row < rows.Length; row++)
                {
                    int size = heads * HeadSize;
                    source(rows[row]).AsSpan(done[row] * size, state.NewCounts[row] * size).CopyTo(padded.AsSpan(((row * columns) + state.FirstNew[row]) * size));
                }

                return padded;
            }

            return Run(
                state, keys, values, Pad(static row => row._queries, QueryHeads), Pad(static row => row._keys, KeyHeads), Pad(static row => row._values, KeyHeads), columns);
        }

        private static float[] Run(SequenceState state, KeyValueBuffer keys, KeyValueBuffer values, float[] query, float[] key, float[] value, int columns)
        {
            var output = new float[query.Length];
            fixed (float* queries = query, newKeys = key, newValues = value, outputs = output)
            {
                AttentionKernel.AppendToCache(Workers.Serial, state, keys, newKeys, columns * KeyHeads * HeadSize, KeyHeads * HeadSize, HeadSize);
                AttentionKernel.AppendToCache(Workers.Serial, state, values, newValues, columns * KeyHeads * HeadSize, KeyHeads * HeadSize, HeadSize);
                var arguments = new AttentionArguments
                {
                    Query = queries, QueryBatchStride = columns * QueryHeads * HeadSize, QuerySequenceStride = QueryHeads * HeadSize, QueryHeadStride = HeadSize,
                    Output = outputs, OutputBatchStride = columns * QueryHeads * HeadSize, OutputSequenceStride = QueryHeads * HeadSize, OutputHeadStride = HeadSize,
                    QueryHeads = QueryHeads, IsCausal = true, Scale = 0.25f,
                };
                arguments.ReadKeys(keys);
                arguments.ReadValues(values);
                arguments.UsePlan(state);
                AttentionKernel.Run(Workers.Serial, arguments, new NoScoreModifier());
            }

            return output;
        }

        private void AddReference(Span<double> output, int query, int head)
        {
            int keyHead = head * KeyHeads / QueryHeads;
            double[] weights = new double[query + 1];
            for (int key = 0; key <= query; key++)
            {
                double score = 0;
                for (int element = 0; element < HeadSize; element++)
                {
                    score += (double)_queries[(((query * QueryHeads) + head) * HeadSize) + element] * _keys[(((key * KeyHeads) + keyHead) * HeadSize) + element];
                }

                weights[key] = Math.Exp(score * 0.25);
            }

            double sum = weights.Sum();
            for (int key = 0; key <= query; key++)
            {
                for (int element = 0; element < HeadSize; element++)
                {
                    output[element] += weights[key] / sum * _values[(((key * KeyHeads) + keyHead) * HeadSize) + element];
                }
            }
        }
    }
}
