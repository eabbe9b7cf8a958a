using Cameo.Kernels;
using Cameo.States;
using Cameo.Threading;
using Xunit;

namespace Cameo.Tests.AttentionKernels;

[Trait("Widths", "all")]
public sealed unsafe class RotaryEmbeddingTests
{
    private const int Batch = 2, Sequence = 5, Heads = 3, Positions = 64;

    [Theory]
    [InlineData(8, 8, false)]
    [InlineData(8, 8, true)]
    [InlineData(80, 32, false)]
    [InlineData(80, 32, true)]
    [InlineData(64, 64, false)]
    [InlineData(7, 6, false)]
    [InlineData(128, 96, false)]
    [InlineData(4, 0, false)]
    public void Rotates_by_position_ids_in_both_layouts_and_in_place(int headSize, int rotarySize, bool interleaved)
    {
        long[] ids = [3, 0, 63, 7, 7, 1, 2, 3, 4, 5];
        foreach (bool headsFirst in (bool[])[false, true])
        {
            foreach (bool inPlace in (bool[])[false, true])
            {
                float[] input = RandomFloats(Batch * Sequence * Heads * headSize, headSize);
                float[] actual = Run(input, headSize, rotarySize, interleaved, headsFirst, inPlace, (ref RotaryArguments arguments, nint data) =>
                {
                    arguments.PositionIds = (long*)data;
                    arguments.PositionBatchStride = Sequence;
                }, ids);
                Check(input, actual, headSize, rotarySize, interleaved, headsFirst, (row, index) => ids[(row * Sequence) + index]);
            }
        }
    }

    [Fact]
    public void Positions_from_an_offset_from_shared_ids_and_from_a_plan()
    {
        float[] input = RandomFloats(Batch * Sequence * Heads * 8, 1);
        float[] actual = Run(input, 8, 8, false, false, false, static (ref RotaryArguments arguments, nint _) => arguments.PositionOffset = 20, []);
        Check(input, actual, 8, 8, false, false, static (_, index) => 20 + index);

        long[] ids = [9, 8, 7, 6, 5];
        actual = Run(input, 8, 8, false, false, false, static (ref RotaryArguments arguments, nint data) => arguments.PositionIds = (long*)data, ids);
        Check(input, actual, 8, 8, false, false, (_, index) => ids[index]);

        using var state = new SequenceState(32);
        state.BeginTotals(2, 4, [4, 2], 4);
        state.Commit();
        long[] mask = [1, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1];
        fixed (long* data = mask)
        {
            state.Begin(2, Sequence, data, 9);
        }

        actual = Run(input, 8, 8, false, false, false, (ref RotaryArguments arguments, nint _) => arguments.UsePlan(state), []);
        Check(input, actual, 8, 8, false, false, static (row, index) => row == 0 ? (index is 0 or 4 ? -1 : 3 + index) : 2 + index);
    }

    [Fact]
    public void Tables_of_each_position()
    {
        float[] input = RandomFloats(Batch * Sequence * Heads * 8, 1);
        float[] actual = Run(input, 8, 8, false, false, false, static (ref RotaryArguments arguments, nint _) => arguments.TableBatchStride = Sequence * 4, []);
        Check(input, actual, 8, 8, false, false, static (row, index) => (row * Sequence) + index);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public void A_position_outside_the_tables_is_refused_before_anything_is_written(long bad)
    {
        long[] ids = [3, 0, 63, 7, 7, 1, 2, 3, 4, bad];
        float[] input = RandomFloats(Batch * Sequence * Heads * 8, 1);
        float[] untouched = [.. input];
        ArgumentOutOfRangeException exception = Assert.Throws<ArgumentOutOfRangeException>(() =>
            Run(input, 8, 8, false, false, inPlace: true, static (ref RotaryArguments arguments, nint data) =>
            {
                arguments.PositionIds = (long*)data;
                arguments.PositionBatchStride = Sequence;
            }, ids));
        Assert.Contains("Position 4 of row 1", exception.Message, StringComparison.Ordinal);
        Assert.Equal(untouched, input);
    }

    [Theory]
    [InlineData(8, 7)]
    [InlineData(8, 10)]
    [InlineData(8, -2)]
    public void Wrong_rotary_sizes_are_refused(int headSize, int rotarySize)
    {
        Assert.Throws<ArgumentException>(() =>
            RotaryEmbedding.Run(Workers.Serial, new RotaryArguments { HeadSize = headSize, RotarySize = rotarySize }));
    }

    [Fact]
    public void Threads_do_not_change_a_bit()
    {
        const int Length = 200, Size = 64;
        float[] input = RandomFloats(Length * Heads * Size, 2);
        float[] RunWith(int threads)
        {
            float[] output = new float[input.Length];
            (float[] cosine, float[] sine) = Tables(Size / 2, Length);
            fixed (float* source = input, target = output, cos = cosine, sin = sine)
            {
                using var scratch = new WorkerScratch();
                RotaryEmbedding.Run(new Workers(threads, scratch), new RotaryArguments
                {
                    Input = source, InputSequenceStride = Heads * Size, InputHeadStride = Size, Output = target, OutputSequenceStride = Heads * Size, OutputHeadStride = Size,
                    Batch = 1, Sequence = Length, Heads = Heads, HeadSize = Size, RotarySize = Size, Cosine = cos, Sine = sin, TablePositions = Length,
                });
            }

            return output;
        }

        Assert.Equal(RunWith(1), RunWith(3));
    }

    private delegate void Setup(ref RotaryArguments arguments, nint ids);

    private static float[] Run(float[] input, int headSize, int rotarySize, bool interleaved, bool headsFirst, bool inPlace, Setup setup, long[] ids)
    {
        float[] output = inPlace ? input : new float[input.Length];
        float[] source = inPlace ? output : input;
        float[] before = [.. input];
        (float[] cosine, float[] sine) = Tables(rotarySize / 2, Positions);
        fixed (float* from = source, to = output, cos = cosine, sin = sine)
        fixed (long* positions = ids)
        {
            (nint sequence, nint head) = headsFirst ? (headSize, Sequence * headSize) : (Heads * headSize, headSize);
            var arguments = new RotaryArguments
            {
                Input = from, InputBatchStride = Sequence * Heads * headSize, InputSequenceStride = sequence, InputHeadStride = head,
                Output = to, OutputBatchStride = Sequence * Heads * headSize, OutputSequenceStride = sequence, OutputHeadStride = head,
                Batch = Batch, Sequence = Sequence, Heads = Heads, HeadSize = headSize, RotarySize = rotarySize,
                Cosine = cos, Sine = sin, TablePositions = Positions, Interleaved = interleaved,
            };
            setup(ref arguments, (nint)positions);
            RotaryEmbedding.Run(Workers.Serial, arguments);
        }

        if (!inPlace)
        {
            return output;
        }

        float[] result = [.. output];
        before.CopyTo(input, 0);
        return result;
    }

    private static void Check(float[] input, float[] actual, int headSize, int rotarySize, bool interleaved, bool headsFirst, Func<int, int, long> position)
    {
        (float[] cosine, float[] sine) = Tables(rotarySize / 2, Positions);
        double[] expected = [.. input.Select(static x => (double)x)];
        for (int row = 0; row < Batch; row++)
        {
            for (int index = 0; index < Sequence; index++)
            {
                long id = position(row, index);
                for (int head = 0; head < Heads && id >= 0; head++)
                {
                    int start = ((row * Sequence * Heads) + (headsFirst ? (head * Sequence) + index : (index * Heads) + head)) * headSize;
                    for (int pair = 0; pair < rotarySize / 2; pair++)
                    {
                        int first = start + (interleaved ? 2 * pair : pair);
                        int second = start + (interleaved ? (2 * pair) + 1 : pair + (rotarySize / 2));
                        double cos = cosine[(id * (rotarySize / 2)) + pair], sin = sine[(id * (rotarySize / 2)) + pair];
                        expected[first] = (input[first] * cos) - (input[second] * sin);
                        expected[second] = (input[second] * cos) + (input[first] * sin);
                    }
                }
            }
        }

        for (int index = 0; index < expected.Length; index++)
        {
            Assert.True(Math.Abs(expected[index] - actual[index]) <= 1e-6, $"element {index}: expected {expected[index]}, got {actual[index]}");
        }
    }

    private static (float[] Cosine, float[] Sine) Tables(int half, int positions)
    {
        double Angle(int index) => index / half * Math.Pow(10000, -(index % half) / (double)half);
        int[] indices = [.. Enumerable.Range(0, positions * half)];
        return ([.. indices.Select(index => (float)Math.Cos(Angle(index)))], [.. indices.Select(index => (float)Math.Sin(Angle(index)))]);
    }

    private static float[] RandomFloats(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2) - 1)];
    }
}
