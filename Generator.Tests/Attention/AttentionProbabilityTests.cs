using System.Runtime.CompilerServices;
using Cameo.Kernels;
using Cameo.Tests.Infrastructure;
using Cameo.Threading;
using Cameo.Vectors;
using Xunit;
using AttentionKernel = Cameo.Kernels.Attention;

namespace Cameo.Tests.AttentionKernels;

/// <summary>The attention kernel with modified probabilities against a reference in double precision.</summary>
[Trait("Widths", "all")]
public sealed unsafe class AttentionProbabilityTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(64)]
    [InlineData(128)]
    [InlineData(300)]
    public void Head_sizes(int headSize)
    {
        foreach (int queries in (int[])[1, 2, 9, 33])
        {
            foreach (int past in (int[])[0, 5, 70])
            {
                CheckAll(new AttentionCase
                {
                    Batch = 2, QueryLength = queries, QueryHeads = 4, KeyHeads = 2, HeadSize = headSize, Past = [past], IsCausal = past != 5, HeadsFirst = (headSize & 1) != 0, Seed = headSize,
                });
            }
        }
    }

    [Fact]
    public void All_small_lengths()
    {
        for (int keys = 1; keys <= 70; keys++)
        {
            CheckAll(new AttentionCase { QueryHeads = 2, KeyHeads = 1, HeadSize = 24, Past = [keys - 1], IsCausal = true, Seed = keys });
            CheckAll(new AttentionCase { QueryLength = keys, QueryHeads = 3, KeyHeads = 3, HeadSize = 8, Past = [0], IsCausal = true, Seed = keys });
            CheckAll(new AttentionCase { QueryLength = 5, QueryHeads = 3, KeyHeads = 3, HeadSize = 8, Past = [0], Keys = [keys], Seed = keys });
        }
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(1536)]
    public void Long_contexts(int past)
    {
        CheckAll(new AttentionCase { QueryHeads = 8, KeyHeads = 2, HeadSize = 64, Past = [past], IsCausal = true });
        CheckAll(new AttentionCase { QueryLength = 3, QueryHeads = 4, KeyHeads = 2, HeadSize = 20, Past = [past], IsCausal = true });
        CheckAll(new AttentionCase { QueryLength = 70, QueryHeads = 2, KeyHeads = 1, HeadSize = 16, Past = [past] });
    }

    // So many that their scores are not kept: a block's, those of several chunks, and those of a few rows each.
    [Theory]
    [InlineData(1, 70, 2, 1)]
    [InlineData(1, 60, 4, 4)]
    [InlineData(4, 8, 8, 8)]
    public void Scores_that_are_computed_twice(int batch, int queries, int heads, int keyHeads)
    {
        var problem = new AttentionCase { Batch = batch, QueryLength = queries, QueryHeads = heads, KeyHeads = keyHeads, HeadSize = 8, Past = [8300], IsCausal = heads != 4, WeighsUnseen = true };

        // Rounding errors of sums of 8300 terms, each up to 1.5 with weights for all keys.
        problem.Compare(problem.Reference(null, Tilted.Reference), problem.Run(default(NoScoreModifier), new Tilted()), 3e-4);
        CheckFactors(problem with { WeighsUnseen = false }, MathF.Sqrt(problem.MaximumKeys), 1e-4);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 1)]
    public void Prompts_of_several_blocks(int heads, int keyHeads)
    {
        foreach (int window in (int[])[0, 150])
        {
            CheckAll(new AttentionCase { QueryLength = 410, QueryHeads = heads, KeyHeads = keyHeads, HeadSize = 24, Past = [123], IsCausal = true, Window = window });
        }
    }

    [Fact]
    public void Rows_of_different_length_and_padding()
    {
        foreach (int queries in (int[])[4, 30])
        {
            CheckAll(new AttentionCase
            {
                Batch = 5, QueryLength = queries, QueryHeads = 4, KeyHeads = 2, HeadSize = 16, Past = [0, 3, 70, 0, 600], IsCausal = true,
                FirstQueries = [0, 1, 0, 2, 0], QueryCounts = [queries, queries - 1, queries - 2, 1, 0],
            });
        }
    }

    [Fact]
    public void Soft_caps_windows_and_sinks()
    {
        foreach (int past in (int[])[50, 700])
        {
            foreach (int queries in (int[])[1, 20])
            {
                CheckAll(new AttentionCase { QueryLength = queries, QueryHeads = 2, KeyHeads = 1, HeadSize = 16, Past = [past], IsCausal = true, SoftCap = 2, Magnitude = 10 });
                CheckAll(new AttentionCase { QueryLength = queries, QueryHeads = 2, KeyHeads = 1, HeadSize = 16, Past = [past], IsCausal = true, Window = 7 });
                CheckAll(new AttentionCase { QueryLength = queries, QueryHeads = 2, KeyHeads = 1, HeadSize = 16, Past = [past], IsCausal = true, Sinks = [1, -2] });
            }
        }
    }

    [Fact]
    public void Scores_are_modified_too()
    {
        float[] bias = [.. Enumerable.Range(0, 1100).Select(static index => index % 5 == 0 ? float.NegativeInfinity : index % 3)];
        fixed (float* data = bias)
        {
            var mask = new FloatMask(data, 0, 0, 0, 1);
            foreach (int queries in (int[])[1, 3, 40])
            {
                foreach (int keys in (int[])[6, 60, 1100])
                {
                    foreach (bool weighsUnseen in (bool[])[false, true])
                    {
                        var problem = new AttentionCase { QueryLength = queries, QueryHeads = 4, KeyHeads = 2, HeadSize = 16, Keys = [keys], WeighsUnseen = weighsUnseen };
                        double[] expected = problem.Reference((score, _, _, _, key) => score + bias[key], Tilted.Reference);
                        problem.Compare(expected, problem.Run(mask, new Tilted()));
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(FullyMaskedRows.Zero)]
    [InlineData(FullyMaskedRows.NaN)]
    [InlineData(FullyMaskedRows.Uniform)]
    public void A_query_that_sees_nothing(FullyMaskedRows fullyMasked)
    {
        byte[] mask = [.. Enumerable.Range(0, 12 * 600).Select(static index => (byte)(index / 600 == 1 ? 0 : index % 3))];
        fixed (byte* data = mask)
        {
            var keep = new BooleanMask(data, 0, 0, 600, 1);
            foreach (int queries in (int[])[3, 12])
            {
                foreach (bool isCausal in (bool[])[false, true])
                {
                    foreach (int keys in (int[])[50, 600])
                    {
                        // With causality the first query sees no key at all, and its block of keys ends before the others'.
                        var problem = new AttentionCase { QueryLength = queries, QueryHeads = 2, KeyHeads = 1, HeadSize = 20, Keys = [keys], Past = [isCausal ? -1 : 0], IsCausal = isCausal, FullyMasked = fullyMasked };
                        double[] expected = problem.Reference(Score, ThresholdOrNumber.Reference);
                        problem.Compare(expected, problem.Run(keep, new ThresholdOrNumber()));
                    }
                }
            }
        }

        double Score(double score, int batch, int head, int query, int key) => mask[(query * 600) + key] != 0 ? score : double.NegativeInfinity;
    }

    [Fact]
    public void What_is_no_number_stays_in_its_row()
    {
        float[] bias = new float[14 * 40];
        bias[(2 * 40) + 7] = float.NaN;
        fixed (float* data = bias)
        {
            foreach (int queries in (int[])[4, 14])
            {
                foreach (bool weighsUnseen in (bool[])[false, true])
                {
                    var problem = new AttentionCase { QueryLength = queries, HeadSize = 8, Keys = [40], WeighsUnseen = weighsUnseen };
                    float[] actual = problem.Run(new FloatMask(data, 0, 0, 40, 1), new Doubled());
                    Assert.All(Enumerable.Range(0, actual.Length), index => Assert.Equal(index / 8 == 2, float.IsNaN(actual[index])));

                    // All probabilities of the row are NaN, which the modifier makes a number of.
                    problem.Compare(problem.Reference((score, _, _, query, key) => score + bias[(query * 40) + key], ThresholdOrNumber.Reference), problem.Run(new FloatMask(data, 0, 0, 40, 1), new ThresholdOrNumber()));
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
            Batch = batch, QueryLength = queries, QueryHeads = heads, KeyHeads = keyHeads, HeadSize = 64, Past = [past], IsCausal = true, WeighsUnseen = true, Threads = threads,
        };
        float[] expected = Create(1).Run(new NoScoreModifier(), new Tilted());
        foreach (int threads in (int[])[2, 3, 4, 7])
        {
            Assert.Equal(expected, Create(threads).Run(new NoScoreModifier(), new Tilted()));
        }

        Create(1).Compare(Create(1).Reference(null, Tilted.Reference), expected);
    }

    [Fact]
    public void Every_width_in_one_process()
    {
        foreach (int headSize in (int[])[3, 20, 64])
        {
            foreach (int queries in (int[])[1, 20])
            {
                var problem = new AttentionCase { QueryLength = queries, QueryHeads = 4, KeyHeads = 2, HeadSize = headSize, Past = [100], IsCausal = true, WeighsUnseen = true };
                double[] expected = problem.Reference(null, Tilted.Reference);
                problem.Compare(expected, problem.RunWith<ScalarFloat, NoScoreModifier, Tilted>(default, default));
                problem.Compare(expected, problem.RunWith<Vector128Float, NoScoreModifier, Tilted>(default, default));
                problem.Compare(expected, problem.RunWith<Vector256Float, NoScoreModifier, Tilted>(default, default));
                problem.Compare(expected, problem.RunWith<Vector512Float, NoScoreModifier, Tilted>(default, default));
            }
        }
    }

    [Theory]
    [InlineData(1, 4000)]
    [InlineData(64, 200)]
    [InlineData(64, 4000)]
    public void Nothing_is_allocated(int queries, int keys)
    {
        const int Size = 16, Heads = 2;
        var operands = new float[Heads * Math.Max(queries, keys) * Size];
        var output = new float[Heads * queries * Size];
        fixed (float* data = operands, result = output)
        {
            var arguments = new AttentionArguments
            {
                Query = data, Key = data, Value = data, Output = result, Batch = 1, QueryLength = queries, QueryHeads = Heads, KeyHeads = Heads, HeadSize = Size, ValueHeadSize = Size, KeyLength = keys, Scale = 1,
                QuerySequenceStride = Size, KeySequenceStride = Size, ValueSequenceStride = Size, OutputSequenceStride = Size,
                QueryHeadStride = queries * Size, KeyHeadStride = keys * Size, ValueHeadStride = keys * Size, OutputHeadStride = queries * Size,
            };
            var workers = new Workers(1);
            AttentionKernel.Run(workers, arguments, default(NoScoreModifier), new Tilted());
            Assert.Equal(0, ThreadAllocations.Measure(() => AttentionKernel.Run(workers, arguments, default(NoScoreModifier), new Tilted())));
        }
    }

    private static void CheckAll(AttentionCase problem)
    {
        CheckFactors(problem, 1, 2e-5);
        AttentionCase unseen = problem with { WeighsUnseen = true };
        unseen.Compare(unseen.Reference(null, Tilted.Reference), unseen.Run(default(NoScoreModifier), new Tilted()));
    }

    private static void CheckFactors(AttentionCase problem, float magnitude, double tolerance)
    {
        float[] factors = [.. Enumerable.Range(0, problem.QueryHeads).Select(head => (0.5f + head) * magnitude)];
        fixed (float* data = factors)
        {
            problem.Compare(problem.Reference(null, (probability, _, head, _, key) => key % 3 == 1 ? 0 : probability * factors[head]), problem.Run(default(NoScoreModifier), new HeadFactor(data)), tolerance);
        }
    }

    private readonly struct Doubled : IScoreModifier
    {
        public V Apply<V>(V score, nint batch, nint head, nint query, nint key)
            where V : struct, IVector<V> => score + score;
    }

    /// <summary>Small probabilities become 0, and NaN a number. The threshold is far from what random scores give to the keys of these tests.</summary>
    private readonly struct ThresholdOrNumber : IScoreModifier
    {
        private const float Threshold = 1e-9f;

        public V Apply<V>(V score, nint batch, nint head, nint query, nint key)
            where V : struct, IVector<V> =>
            V.Select(V.NotEqual(score, score), V.Broadcast(0.25f), V.Select(V.LessThan(score, V.Broadcast(Threshold)), V.Zero, score));

        public static double Reference(double probability, int batch, int head, int query, int key) => double.IsNaN(probability) ? 0.25 : probability < Threshold ? 0 : probability;
    }

    /// <summary>A factor for each head, and no weight for every third key.</summary>
    private readonly struct HeadFactor(float* factors) : IScoreModifier
    {
        public V Apply<V>(V score, nint batch, nint head, nint query, nint key)
            where V : struct, IVector<V>
        {
            V place = V.Broadcast(key) + V.LaneIndices;
            V rest = place - (V.Floor(place / V.Broadcast(3f)) * V.Broadcast(3f));
            return V.Select(V.Equal(rest, V.One), V.Zero, score * V.Broadcast(factors[head]));
        }
    }

    /// <summary>A function of all indices that gives keys a weight which the query does not see.</summary>
    private readonly struct Tilted : IScoreModifier
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V Apply<V>(V score, nint batch, nint head, nint query, nint key)
            where V : struct, IVector<V>
        {
            V place = V.Broadcast(key) + V.LaneIndices;
            V tilt = V.Broadcast(0.001f * (1 + batch + (2 * head))) * V.Abs(place - V.Broadcast(query)) * V.Broadcast(0.01f);
            return (score * score) + tilt;
        }

        public static double Reference(double probability, int batch, int head, int query, int key) => (probability * probability) + (0.00001 * (1 + batch + (2 * head)) * Math.Abs(key - query));
    }
}
