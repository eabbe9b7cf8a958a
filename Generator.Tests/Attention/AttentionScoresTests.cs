using Cameo.Kernels;
using Cameo.Threading;
using Cameo.Vectors;
using Xunit;

namespace Cameo.Tests.AttentionKernels;

/// <summary>Scores as a result of their own, against a reference in double precision.</summary>
[Trait("Widths", "all")]
public sealed unsafe class AttentionScoresTests
{
    private const int Batch = 2, Queries = 5, QueryHeads = 4, KeyHeads = 2, Size = 19, Keys = 23;

    private static readonly float[] Query = Random(Batch * QueryHeads * Queries * Size, 1);
    private static readonly float[] Key = Random(Batch * KeyHeads * Keys * Size, 2);
    private static readonly float[] Bias = Random(Queries * Keys, 3);

    [Fact]
    public void EveryStageIsThatOfTheDefinition()
    {
        foreach (AttentionScoreStage stage in Enum.GetValues<AttentionScoreStage>())
        {
            foreach (int window in (int[])[0, 4])
            {
                double[] expected = Reference(stage, window);
                Compare(expected, Run<ScalarFloat>(stage, window, 1));
                Compare(expected, Run<Vector128Float>(stage, window, 1));
                Compare(expected, Run<Vector256Float>(stage, window, 1));
                float[] actual = Run<Vector512Float>(stage, window, 1);
                Compare(expected, actual);
                Assert.Equal(actual, Run<Vector512Float>(stage, window, 3));
            }
        }
    }

    private static float[] Run<V>(AttentionScoreStage stage, int window, int threads)
        where V : struct, IVector<V>
    {
        var scores = new float[Batch * QueryHeads * Queries * Keys];
        int[] lengths = [Keys, 0];
        int[] offsets = [Keys - Queries, 3];
        fixed (float* query = Query, key = Key, bias = Bias, target = scores)
        fixed (int* length = lengths, offset = offsets)
        {
            var arguments = new AttentionArguments
            {
                Query = query, QueryBatchStride = QueryHeads * Queries * Size, QueryHeadStride = Queries * Size, QuerySequenceStride = Size,
                Key = key, KeyBatchStride = KeyHeads * Keys * Size, KeyHeadStride = Keys * Size, KeySequenceStride = Size,
                Batch = Batch, QueryLength = Queries, QueryHeads = QueryHeads, KeyHeads = KeyHeads, HeadSize = Size, KeyLength = Keys,
                KeyLengths = length, CausalOffsets = offset, Scale = 0.5f, SoftCap = 1.5f, IsCausal = true, Window = window,
            };
            AttentionScores.RunWith<V, FloatMask>(new Workers(threads), arguments, new FloatMask(bias, 0, 0, Keys, 1), stage, target);
        }

        return scores;
    }

    // The second row has no keys: its weights are 0.
    private static double[] Reference(AttentionScoreStage stage, int window)
    {
        var result = new double[Batch * QueryHeads * Queries * Keys];
        for (int row = 0; row < Batch * QueryHeads * Queries; row++)
        {
            int query = row % Queries, head = row / Queries % QueryHeads, batch = row / Queries / QueryHeads;
            int position = query + (batch == 0 ? Keys - Queries : 3);
            var scores = new double[Keys];
            for (int key = 0; key < Keys; key++)
            {
                double score = 0;
                for (int element = 0; element < Size; element++)
                {
                    score += (double)Query[(row * Size) + element] * Key[((((batch * KeyHeads) + (head / 2)) * Keys) + key) * Size + element];
                }

                score *= 0.5;
                score = stage >= AttentionScoreStage.Capped ? 1.5 * Math.Tanh(score / 1.5) : score;
                bool isSeen = batch == 0 && key <= position && (window == 0 || key > position - window);
                scores[key] = stage < AttentionScoreStage.Masked ? score : isSeen ? score + Bias[(query * Keys) + key] : double.NegativeInfinity;
            }

            if (stage == AttentionScoreStage.Weights)
            {
                double sum = scores.Sum(Math.Exp);
                scores = [.. scores.Select(score => sum == 0 ? 0 : Math.Exp(score) / sum)];
            }

            scores.CopyTo(result, row * Keys);
        }

        return result;
    }

    private static void Compare(double[] expected, float[] actual)
    {
        for (int index = 0; index < expected.Length; index++)
        {
            Assert.True(
                actual[index].Equals((float)expected[index]) || Math.Abs(actual[index] - expected[index]) <= 2e-6 * (1 + Math.Abs(expected[index])),
                $"element {index}: expected {expected[index]}, got {actual[index]}");
        }
    }

    private static float[] Random(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2) - 1)];
    }
}
