using Cameo.Generation;
using Xunit;

namespace Cameo.Tests.Generation;

[Trait("Widths", "all")]
public sealed class SamplerTests
{
    [Fact]
    public void Greedy_takes_the_first_of_the_largest()
    {
        var sampler = new Sampler(7);
        Assert.Equal(2, sampler.Sample([0, -1, 5, 5, 4, float.NegativeInfinity, 5]));
        Assert.Equal(0, sampler.Sample([-3, -3, -3, -3, -3, -3, -3]));
    }

    [Fact]
    public void Broken_logits_are_refused()
    {
        var sampler = new Sampler(3);
        Assert.Throws<ArgumentException>(() => sampler.Sample([1, 2]));
        Assert.Throws<ArithmeticException>(() => sampler.Sample([1, float.NaN, 2]));
        Assert.Throws<ArithmeticException>(() => sampler.Sample([1, float.PositiveInfinity, 2]));
        Assert.Throws<ArithmeticException>(() => sampler.Sample([float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity]));
    }

    [Theory]
    [InlineData(1f, 0, 1f)]
    [InlineData(0.5f, 0, 1f)]
    [InlineData(2f, 5, 1f)]
    [InlineData(1f, 0, 0.8f)]
    [InlineData(1f, 0, 0.05f)]
    [InlineData(1.5f, 12, 0.6f)]
    [InlineData(1f, 1, 1f)]
    [InlineData(1f, 40, 0.999f)]
    public void Tokens_come_as_often_as_they_should(float temperature, int topK, float topP)
    {
        const int Vocabulary = 40, Draws = 40000;
        var random = new Random(5);
        float[] logits = [.. Enumerable.Range(0, Vocabulary).Select(_ => (random.NextSingle() * 8) - 4)];
        double[] expected = Distribution(logits, temperature, topK, topP);

        var sampler = new Sampler(Vocabulary);
        sampler.Start(new GenerationOptions { Temperature = temperature, TopK = topK, TopP = topP, Seed = 11 });
        var counts = new int[Vocabulary];
        for (int draw = 0; draw < Draws; draw++)
        {
            counts[sampler.Sample(logits)]++;
        }

        for (int token = 0; token < Vocabulary; token++)
        {
            // Five standard deviations: a right sampler fails about once in a million tokens, and the seed is fixed.
            double deviation = Math.Sqrt(Draws * expected[token] * (1 - expected[token]));
            Assert.InRange(counts[token], (Draws * expected[token]) - (5 * deviation) - 0.5, (Draws * expected[token]) + (5 * deviation) + 0.5);
        }
    }

    [Fact]
    public void Top_k_keeps_the_smaller_of_equal_tokens()
    {
        var sampler = new Sampler(6);
        sampler.Start(new GenerationOptions { Temperature = 1, TopK = 3, Seed = 1 });
        var seen = new SortedSet<int>();
        for (int draw = 0; draw < 200; draw++)
        {
            seen.Add(sampler.Sample([1, 2, 2, 2, 2, 0]));
        }

        Assert.Equal([1, 2, 3], seen);
    }

    [Fact]
    public void A_seed_repeats_its_tokens_and_another_one_does_not()
    {
        float[] logits = [.. Enumerable.Range(0, 500).Select(static token => (float)Math.Sin(token))];
        int[] Draw(long? seed)
        {
            var sampler = new Sampler(500);
            sampler.Start(new GenerationOptions { Temperature = 1, Seed = 99 });
            sampler.Sample(logits);
            sampler.Start(new GenerationOptions { Temperature = 1, Seed = seed });
            return [.. Enumerable.Range(0, 30).Select(_ => sampler.Sample(logits))];
        }

        Assert.Equal(Draw(7), Draw(7));
        Assert.NotEqual(Draw(7), Draw(8));
        Assert.NotEqual(Draw(null), Draw(null));
    }

    [Fact]
    public void Random_numbers_are_those_of_the_published_algorithm()
    {
        // First outputs of SplitMix64 for the seed 1234567, as widely published with the algorithm.
        var random = new RandomSequence(1234567);
        Assert.Equal(6457827717110365317UL, random.Next());
        Assert.Equal(3203168211198807973UL, random.Next());
        Assert.Equal(9817491932198370423UL, random.Next());
    }

    [Fact]
    public void The_repetition_penalty_makes_seen_tokens_less_likely()
    {
        var sampler = new Sampler(4);
        sampler.Start(new GenerationOptions { RepetitionPenalty = 2 });
        float[] logits = [4, 3, -1, -1.5f];
        Assert.Equal(0, sampler.Sample(logits));
        sampler.Accept([0]);
        Assert.Equal(1, sampler.Sample(logits));
        sampler.Accept([1, 0, 0]);
        Assert.Equal(0, sampler.Sample(logits)); // 2, 1.5, -1, -1.5: seen twice is not punished twice
        Assert.Equal([4, 3, -1, -1.5f], logits);

        sampler.Accept([2]);
        Assert.Equal(3, sampler.Sample([float.NegativeInfinity, float.NegativeInfinity, -1, -1.5f])); // -1 becomes -2

        sampler.Start(new GenerationOptions { RepetitionPenalty = 2 });
        Assert.Equal(0, sampler.Sample(logits));
        Assert.Throws<ArgumentOutOfRangeException>(() => sampler.Accept([4]));
    }

    private static double[] Distribution(float[] logits, float temperature, int topK, float topP)
    {
        int[] order = [.. Enumerable.Range(0, logits.Length).OrderByDescending(token => logits[token])];
        int kept = topK == 0 ? logits.Length : Math.Min(topK, logits.Length);
        double[] weights = [.. order.Select((token, rank) => rank < kept ? Math.Exp(logits[token] / temperature) : 0)];
        double total = weights.Sum();
        double sum = 0;
        for (int rank = 0; rank < weights.Length; rank++)
        {
            if (sum >= topP * total)
            {
                weights[rank] = 0;
            }

            sum += weights[rank];
        }

        total = weights.Sum();
        var result = new double[logits.Length];
        for (int rank = 0; rank < order.Length; rank++)
        {
            result[order[rank]] = weights[rank] / total;
        }

        return result;
    }
}
