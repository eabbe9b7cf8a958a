using Cameo.Kernels;
using Cameo.Vectors;
using Xunit;

namespace Cameo.Tests.AttentionKernels;

/// <summary>What the softmax of attention is made of, at every width.</summary>
[Trait("Widths", "all")]
public sealed unsafe class AttentionSoftmaxTests
{
    [Fact]
    public void Exponentials_of_negative_numbers()
    {
        Exponentials<ScalarFloat>();
        Exponentials<Vector128Float>();
        Exponentials<Vector256Float>();
        Exponentials<Vector512Float>();
    }

    [Fact]
    public void Sums_and_maxima_of_four_vectors()
    {
        Reductions<ScalarFloat>();
        Reductions<Vector128Float>();
        Reductions<Vector256Float>();
        Reductions<Vector512Float>();
    }

    [Fact]
    public void A_not_a_number_among_excluded_keys_is_found()
    {
        float* scores = stackalloc float[32];
        for (int place = 0; place < 32; place++)
        {
            new Span<float>(scores, 32).Fill(float.NegativeInfinity);
            scores[place] = float.NaN;
            Assert.True(float.IsNaN(AttentionSoftmax.LargestOrNaN<Vector128Float>(scores, 32)));
            Assert.True(float.IsNaN(AttentionSoftmax.LargestOrNaN<Vector512Float>(scores, 32)));
        }
    }

    private static void Exponentials<V>()
        where V : struct, IVector<V>
    {
        float* value = stackalloc float[16];
        for (float x = 0; x > -200; x -= 0.0137f)
        {
            new Span<float>(value, 16).Fill(x);
            V.Store(VectorMath.ExpNonPositive(V.Load(value)), value);
            double expected = Math.Exp(x);

            // The fit, its rounding, and without fused multiply-add the rounded multiple of ln 2. Below -87.7 it may be 0.
            double tolerance = (expected * (3e-7 + (6e-8 * -x))) + (x < -87 ? expected : 0);
            Assert.True(Math.Abs(value[0] - expected) <= tolerance, $"e^{x:R} is {expected:R} and not {value[0]:R}.");
            Assert.True(x > -88 || value[0] == 0);
        }

        foreach ((float x, float expected) in ((float, float)[])[(0, 1), (-0f, 1), (float.NegativeInfinity, 0), (float.MinValue, 0), (float.NaN, float.NaN)])
        {
            new Span<float>(value, 16).Fill(x);
            V.Store(VectorMath.ExpNonPositive(V.Load(value)), value);
            Assert.Equal(expected, value[0]);
        }
    }

    private static void Reductions<V>()
        where V : struct, IVector<V>
    {
        var random = new Random(3);
        float* lanes = stackalloc float[4 * 16];
        float* results = stackalloc float[4];
        for (int round = 0; round < 20; round++)
        {
            for (int index = 0; index < 4 * V.Count; index++)
            {
                lanes[index] = random.Next(-100, 100); // whole numbers, whose sums are exact in any order
            }

            LaneReduction.Sums(V.Load(lanes), V.Load(lanes + V.Count), V.Load(lanes + (2 * V.Count)), V.Load(lanes + (3 * V.Count)), results);
            for (int vector = 0; vector < 4; vector++)
            {
                float sum = 0;
                for (int lane = 0; lane < V.Count; lane++)
                {
                    sum += lanes[(vector * V.Count) + lane];
                }

                Assert.Equal(sum, results[vector]);
            }

            LaneReduction.Maxima(V.Load(lanes), V.Load(lanes + V.Count), V.Load(lanes + (2 * V.Count)), V.Load(lanes + (3 * V.Count)), results);
            for (int vector = 0; vector < 4; vector++)
            {
                Assert.Equal(new Span<float>(lanes + (vector * V.Count), V.Count).ToArray().Max(), results[vector]);
            }
        }
    }
}
