namespace Cameo.Kernels;

/// <summary>
/// Draws a token from the likeliest ones whose probabilities sum up to a limit. Random numbers are those of <see cref="MinimalRandom"/>, so that a seed gives the tokens that ONNX Runtime draws.
/// </summary>
internal static unsafe class TextSampling
{
    /// <summary>Draws from scores, of which those that are too unlikely are set to <see cref="TextSearchStep.FilterValue"/>.</summary>
    public static int Draw(in TextSearchStep step, Span<float> scores, ref uint random)
    {
        int count = scores.Length;
        var order = new Span<int>(step.Order, count);
        var sorted = new Span<float>((float*)step.Order + count, count);
        for (int token = 0; token < count; token++)
        {
            order[token] = token;
        }

        scores.CopyTo(sorted);
        sorted.Sort(order);
        if (step.KeepsLikeliest)
        {
            sorted.Reverse();
            order.Reverse();
        }

        ToProbabilities(sorted);
        float sum = 0;
        if (step.KeepsLikeliest)
        {
            for (int rank = 0; rank < count - 1; rank++)
            {
                sum += sorted[rank];
                if (sum > step.TopProbability)
                {
                    scores[order[rank + 1]] = step.FilterValue;
                }
            }
        }
        else
        {
            long end = Math.Max(1, count - step.MinimumKept);
            for (int rank = 0; rank < end; rank++)
            {
                sum += sorted[rank];
                if (sum <= 1 - step.TopProbability)
                {
                    scores[order[rank]] = step.FilterValue;
                }
            }
        }

        return Draw(scores, ref random);
    }

    private static int Draw(ReadOnlySpan<float> scores, ref uint random)
    {
        float largest = float.MinValue;
        foreach (float score in scores)
        {
            largest = float.IsFinite(score) ? Math.Max(largest, score) : largest;
        }

        double total = 0;
        foreach (float score in scores)
        {
            total += Weight(score, largest);
        }

        double wanted = MinimalRandom.Next(ref random) * total, sum = 0;
        for (int token = 0; token < scores.Length; token++)
        {
            sum += Weight(scores[token], largest);
            if (sum > wanted)
            {
                return token;
            }
        }

        // Only rounding, or scores of which none is finite, come here.
        return scores.Length - 1;
    }

    private static double Weight(float score, float largest) => float.IsFinite(score) ? Math.Exp((double)score - largest) : 0;

    private static void ToProbabilities(Span<float> scores)
    {
        float largest = float.NegativeInfinity;
        foreach (float score in scores)
        {
            largest = Math.Max(largest, score);
        }

        float sum = 0;
        foreach (ref float score in scores)
        {
            score = MathF.Exp(score - largest);
            sum += score;
        }

        foreach (ref float score in scores)
        {
            score /= sum;
        }
    }
}
