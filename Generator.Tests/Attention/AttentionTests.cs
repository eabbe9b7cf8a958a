using Cameo.Kernels;
using Cameo.Threading;
using Cameo.Vectors;
using Xunit;

namespace Cameo.Tests.AttentionKernels;

/// <summary>The attention kernel against a reference in double precision.</summary>
[Trait("Widths", "all")]
public sealed unsafe class AttentionTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(64)]
    [InlineData(80)]
    [InlineData(96)]
    [InlineData(128)]
    [InlineData(256)]
    [InlineData(300)]
    [InlineData(576)]
    public void Head_sizes(int headSize)
    {
        foreach (int queries in (int[])[1, 2, 9, 33])
        {
            foreach (int past in (int[])[0, 5, 70])
            {
                new AttentionCase
                {
                    Batch = 2, QueryLength = queries, QueryHeads = 4, KeyHeads = 2, HeadSize = headSize, Past = [past], IsCausal = true,
                    HeadsFirst = (headSize & 1) != 0, Seed = headSize,
                }.Check(new NoScoreModifier());
            }
        }
    }

    [Fact]
    public void All_small_lengths()
    {
        for (int keys = 1; keys <= 70; keys++)
        {
            new AttentionCase { QueryHeads = 2, KeyHeads = 1, HeadSize = 24, Past = [keys - 1], IsCausal = true, Seed = keys }.Check(new NoScoreModifier());
            new AttentionCase { QueryLength = keys, QueryHeads = 3, KeyHeads = 3, HeadSize = 8, Past = [0], IsCausal = true, Seed = keys }.Check(new NoScoreModifier());
            new AttentionCase { QueryLength = 5, QueryHeads = 3, KeyHeads = 3, HeadSize = 8, Past = [0], Keys = [keys], Seed = keys }.Check(new NoScoreModifier());
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(8, 8)]
    [InlineData(8, 4)]
    [InlineData(8, 1)]
    [InlineData(9, 3)]
    [InlineData(14, 2)]
    [InlineData(71, 1)]
    public void Grouped_heads(int queryHeads, int keyHeads)
    {
        foreach (int queries in (int[])[1, 7])
        {
            new AttentionCase { Batch = 2, QueryLength = queries, QueryHeads = queryHeads, KeyHeads = keyHeads, HeadSize = 32, Past = [40], IsCausal = true }
                .Check(new NoScoreModifier());
        }
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(1023)]
    [InlineData(1536)]
    [InlineData(8193)]
    public void Long_contexts(int past)
    {
        new AttentionCase { QueryHeads = 8, KeyHeads = 2, HeadSize = 64, Past = [past], IsCausal = true }.Check(new NoScoreModifier());
        new AttentionCase { QueryLength = 3, QueryHeads = 4, KeyHeads = 2, HeadSize = 20, Past = [past], IsCausal = true }.Check(new NoScoreModifier());
        new AttentionCase { QueryLength = 40, QueryHeads = 2, KeyHeads = 1, HeadSize = 16, Past = [past], IsCausal = true }.Check(new NoScoreModifier());
    }

    [Theory]
    [InlineData(8, 16)]
    [InlineData(16, 5)]
    [InlineData(3, 64)]
    public void Values_of_another_head_size(int headSize, int valueHeadSize)
    {
        new AttentionCase { Batch = 2, QueryLength = 6, QueryHeads = 4, KeyHeads = 2, HeadSize = headSize, ValueHeadSize = valueHeadSize, Past = [3] }
            .Check(new NoScoreModifier());
        new AttentionCase { QueryHeads = 2, KeyHeads = 2, HeadSize = headSize, ValueHeadSize = valueHeadSize, Past = [90], HeadsFirst = true }
            .Check(new NoScoreModifier());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(100)]
    public void Windows(int window)
    {
        new AttentionCase { QueryLength = 90, QueryHeads = 2, KeyHeads = 1, HeadSize = 16, Past = [50], IsCausal = true, Window = window }.Check(new NoScoreModifier());
        new AttentionCase { QueryHeads = 2, KeyHeads = 1, HeadSize = 16, Past = [700], IsCausal = true, Window = window }.Check(new NoScoreModifier());
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(9, 3)]
    [InlineData(4, 1)]
    public void Prompts_of_several_blocks(int heads, int keyHeads)
    {
        foreach (int window in (int[])[0, 150])
        {
            new AttentionCase { QueryLength = 410, QueryHeads = heads, KeyHeads = keyHeads, HeadSize = 24, Past = [123], IsCausal = true, Window = window }.Check(new NoScoreModifier());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    public void Heads_of_a_group(int group)
    {
        foreach (int headSize in (int[])[16, 64, 72, 128, 192, 256])
        {
            new AttentionCase { QueryHeads = 2 * group, KeyHeads = 2, HeadSize = headSize, Past = [301], IsCausal = true, HeadsFirst = (group & 1) == 0 }.Check(new NoScoreModifier());
        }
    }

    [Fact]
    public void Soft_caps()
    {
        new AttentionCase { QueryLength = 20, QueryHeads = 2, KeyHeads = 1, HeadSize = 16, Past = [50], IsCausal = true, SoftCap = 2, Magnitude = 10 }.Check(new NoScoreModifier());
        new AttentionCase { QueryHeads = 2, KeyHeads = 1, HeadSize = 64, Past = [200], IsCausal = true, SoftCap = 30, Magnitude = 50 }
            .Check(new NoScoreModifier(), tolerance: 1e-4); // scores reach 30, so their rounding alone makes 30 · 2^-24 · a few
    }

    [Fact]
    public void Sharp_scores_do_not_overflow()
    {
        new AttentionCase { QueryLength = 20, QueryHeads = 2, KeyHeads = 2, HeadSize = 16, Past = [100], Magnitude = 1000 }
            .Check(new NoScoreModifier(), tolerance: 5e-3); // scores of some 1000 are rounded to 6e-5, twice, and more in the sum of products
    }

    [Fact]
    public void Rows_of_different_length_and_padding()
    {
        foreach (int queries in (int[])[4, 30])
        {
            new AttentionCase
            {
                Batch = 5, QueryLength = queries, QueryHeads = 4, KeyHeads = 2, HeadSize = 16, Past = [0, 3, 70, 0, 600], IsCausal = true,
                FirstQueries = [0, 1, 0, 2, 0], QueryCounts = [queries, queries - 1, queries - 2, 1, 0],
            }.Check(new NoScoreModifier());
        }
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(-3f)]
    [InlineData(90f)]
    public void Sinks(float sink)
    {
        foreach (int past in (int[])[0, 70, 700])
        {
            new AttentionCase { QueryLength = 3, QueryHeads = 4, KeyHeads = 2, HeadSize = 16, Past = [past], IsCausal = true, Sinks = [sink, 0, 1, -sink] }.Check(new NoScoreModifier());
        }

        // With nothing to see the sink takes all weight.
        new AttentionCase { Batch = 2, QueryLength = 2, HeadSize = 8, Keys = [0, 4], Sinks = [sink], FullyMasked = FullyMaskedRows.NaN }.Check(new NoScoreModifier());
    }

    [Fact]
    public void A_query_that_sees_nothing_may_give_the_mean()
    {
        byte[] mask = [.. Enumerable.Range(0, 3 * 50).Select(static index => (byte)(index / 50 == 1 ? 0 : index % 3))];
        fixed (byte* data = mask)
        {
            new AttentionCase { QueryLength = 3, QueryHeads = 2, KeyHeads = 1, HeadSize = 20, Keys = [50], FullyMasked = FullyMaskedRows.Uniform }.Check(
                new BooleanMask(data, 0, 0, 50, 1), (score, _, _, query, key) => mask[(query * 50) + key] != 0 ? score : double.NegativeInfinity);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_query_that_sees_nothing(bool isNaN)
    {
        // Key lengths of 0 for the second row, and a causal offset of -2 for the third, as opset 24's nonpad_kv_seqlen can give.
        new AttentionCase { Batch = 3, QueryLength = 4, QueryHeads = 2, KeyHeads = 1, HeadSize = 8, Past = [2, 0, -2], Keys = [6, 0, 2], IsCausal = true, FullyMasked = isNaN ? FullyMaskedRows.NaN : FullyMaskedRows.Zero }
            .Check(new NoScoreModifier());
    }

    [Fact]
    public void Float_masks_with_every_broadcast()
    {
        const int Batch = 2, Heads = 4, Queries = 6, Keys = 45;
        for (int broadcast = 0; broadcast < 16; broadcast++)
        {
            foreach (int maskKeys in (int[])[Keys, 37])
            {
                int[] sizes = [(broadcast & 1) != 0 ? 1 : Batch, (broadcast & 2) != 0 ? 1 : Heads, (broadcast & 4) != 0 ? 1 : Queries, (broadcast & 8) != 0 ? 1 : maskKeys];
                float[] mask = RandomMask(sizes.Aggregate(1, static (a, b) => a * b), broadcast);
                nint[] strides = Strides(sizes);
                fixed (float* data = mask)
                {
                    float* values = data;
                    new AttentionCase { Batch = Batch, QueryLength = Queries, QueryHeads = Heads, KeyHeads = 2, HeadSize = 8, Keys = [Keys] }.Check(
                        new FloatMask(data, strides[0], strides[1], strides[2], strides[3], maskKeys),
                        (score, batch, head, query, key) => key >= maskKeys
                            ? double.NegativeInfinity
                            : score + values[(batch * strides[0]) + (head * strides[1]) + (query * strides[2]) + (key * strides[3])]);
                }
            }
        }
    }

    [Fact]
    public void Boolean_masks_with_every_broadcast_and_a_causal_mask()
    {
        const int Batch = 2, Heads = 4, Queries = 6, Past = 40, Keys = Past + Queries;
        for (int broadcast = 0; broadcast < 32; broadcast++)
        {
            int[] sizes = [(broadcast & 1) != 0 ? 1 : Batch, (broadcast & 2) != 0 ? 1 : Heads, (broadcast & 4) != 0 ? 1 : Queries, (broadcast & 8) != 0 ? 1 : Keys];
            byte[] mask = [.. RandomMask(sizes.Aggregate(1, static (a, b) => a * b), broadcast).Select(static x => (byte)(x > 0 ? 1 : 0))];
            nint[] strides = Strides(sizes);
            fixed (byte* data = mask)
            {
                byte* values = data;
                new AttentionCase { Batch = Batch, QueryLength = Queries, QueryHeads = Heads, KeyHeads = 2, HeadSize = 8, Past = [Past], IsCausal = (broadcast & 16) != 0 }.Check(
                    new BooleanMask(data, strides[0], strides[1], strides[2], strides[3]),
                    (score, batch, head, query, key) =>
                        values[(batch * strides[0]) + (head * strides[1]) + (query * strides[2]) + (key * strides[3])] != 0 ? score : double.NegativeInfinity);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(16)]
    [InlineData(64)]
    public void Masks_of_blocks_with_every_broadcast(int blockSize)
    {
        const int Batch = 2, Heads = 4, Queries = 6, Keys = 75;

        // The last keys are those of no block.
        int blocks = Math.Max(1, (Keys - 9) / blockSize);
        for (int broadcast = 0; broadcast < 16; broadcast++)
        {
            int[] sizes = [(broadcast & 1) != 0 ? 1 : Batch, (broadcast & 2) != 0 ? 1 : Heads, (broadcast & 4) != 0 ? 1 : Queries, (broadcast & 8) != 0 ? 1 : blocks];
            byte[] mask = [.. RandomMask(sizes.Aggregate(1, static (a, b) => a * b), broadcast).Select(static x => (byte)(x > 0 ? 1 : 0))];
            nint[] strides = Strides(sizes);
            fixed (byte* data = mask)
            {
                byte* values = data;
                new AttentionCase { Batch = Batch, QueryLength = Queries, QueryHeads = Heads, KeyHeads = 2, HeadSize = 8, Keys = [Keys] }.Check(
                    new BlockMask(data, strides[0], strides[1], strides[2], strides[3], blocks, blockSize),
                    (score, batch, head, query, key) => key / blockSize < blocks && values[(batch * strides[0]) + (head * strides[1]) + (query * strides[2]) + (key / blockSize * strides[3])] != 0
                        ? score
                        : double.NegativeInfinity);
            }
        }
    }

    [Fact]
    public void Finite_masks_of_the_lowest_number_give_the_mean()
    {
        float[] mask = [.. Enumerable.Repeat(float.MinValue, 30)];
        fixed (float* data = mask)
        {
            new AttentionCase { QueryHeads = 1, HeadSize = 8, Keys = [30] }.Check(
                new FloatMask(data, 0, 0, 0, 1), static (score, _, _, _, _) => 0);
        }
    }

    [Fact]
    public void Combined_modifiers()
    {
        float[] bias = RandomMask(50, 3);
        byte[] keep = [.. RandomMask(50, 4).Select(static x => (byte)(x > 0 ? 1 : 0))];
        fixed (float* bias0 = bias)
        fixed (byte* keep0 = keep)
        {
            new AttentionCase { QueryLength = 3, QueryHeads = 2, KeyHeads = 2, HeadSize = 8, Keys = [50] }.Check(
                new CombinedScoreModifier<FloatMask, BooleanMask>(new FloatMask(bias0, 0, 0, 0, 1), new BooleanMask(keep0, 0, 0, 0, 1)),
                (score, _, _, _, key) => keep[key] != 0 ? score + bias[key] : double.NegativeInfinity);
        }
    }

    [Theory]
    [InlineData(4, 0f)]
    [InlineData(4, float.NegativeInfinity)]
    [InlineData(14, 0f)]
    [InlineData(14, float.NegativeInfinity)]
    public void A_not_a_number_reaches_the_output_of_its_row_only(int queries, float others)
    {
        for (int place = 0; place < 20; place++)
        {
            float[] mask = new float[queries * 20];
            mask.AsSpan(2 * 20, 20).Fill(others);
            mask[(2 * 20) + place] = float.NaN;
            fixed (float* data = mask)
            {
                var problem = new AttentionCase { QueryLength = queries, HeadSize = 8, Keys = [20] };
                float[] actual = problem.Run(new FloatMask(data, 0, 0, 20, 1));
                for (int index = 0; index < actual.Length; index++)
                {
                    Assert.Equal(index / 8 == 2, float.IsNaN(actual[index]));
                }
            }
        }
    }

    [Theory]
    [InlineData(1, 1, 8, 2, 3000)]
    [InlineData(1, 300, 4, 2, 0)]
    [InlineData(2, 17, 4, 4, 900)]
    [InlineData(3, 1, 32, 8, 2000)]
    public void Threads_do_not_change_a_bit(int batch, int queries, int heads, int keyHeads, int past)
    {
        AttentionCase Create(int threads) => new()
        {
            Batch = batch, QueryLength = queries, QueryHeads = heads, KeyHeads = keyHeads, HeadSize = 64, Past = [past], IsCausal = true, Threads = threads,
        };
        float[] expected = Create(1).Run(new NoScoreModifier());
        foreach (int threads in (int[])[2, 3, 4, 7])
        {
            Assert.Equal(expected, Create(threads).Run(new NoScoreModifier()));
        }

        Create(1).Compare(Create(1).Reference(), expected);
    }

    [Fact]
    public void Every_width_in_one_process()
    {
        foreach (int headSize in (int[])[3, 20, 64])
        {
            foreach (int queries in (int[])[1, 20])
            {
                var problem = new AttentionCase { QueryLength = queries, QueryHeads = 4, KeyHeads = 2, HeadSize = headSize, Past = [100], IsCausal = true };
                double[] expected = problem.Reference();
                problem.Compare(expected, problem.RunWith<ScalarFloat, NoScoreModifier>(default));
                problem.Compare(expected, problem.RunWith<Vector128Float, NoScoreModifier>(default));
                problem.Compare(expected, problem.RunWith<Vector256Float, NoScoreModifier>(default));
                problem.Compare(expected, problem.RunWith<Vector512Float, NoScoreModifier>(default));
            }
        }
    }

    [Fact]
    public void Heads_that_can_not_be_shared_are_refused()
    {
        Assert.Throws<ArgumentException>(() =>
            Cameo.Kernels.Attention.Run(Workers.Serial, new AttentionArguments { QueryHeads = 3, KeyHeads = 2 }, new NoScoreModifier()));
    }

    private static float[] RandomMask(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(4) == 0 ? float.NegativeInfinity : (random.NextSingle() * 4) - 2)];
    }

    private static nint[] Strides(int[] sizes)
    {
        var strides = new nint[4];
        nint stride = 1;
        for (int dimension = 3; dimension >= 0; dimension--)
        {
            strides[dimension] = sizes[dimension] == 1 ? 0 : stride;
            stride *= sizes[dimension];
        }

        return strides;
    }
}
