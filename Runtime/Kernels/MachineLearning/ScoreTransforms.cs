using System.Numerics;

namespace Cameo.Kernels;

/// <summary>The transforms of <see cref="ScoreTransform"/>.</summary>
internal static unsafe class ScoreTransforms
{
    /// <summary>What a score costs, as bytes that are moved: an exponential takes some 10 ns.</summary>
    public const int BytesPerScore = 256;

    /// <summary>Transforms the scores of one row in place.</summary>
    public static void Apply<T>(ScoreTransform transform, T* scores, long count)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        switch (transform)
        {
            case ScoreTransform.Softmax:
                Softmax(scores, count, skipZeros: false);
                break;
            case ScoreTransform.SoftmaxZero:
                Softmax(scores, count, skipZeros: true);
                break;
            case ScoreTransform.Logistic:
                for (long index = 0; index < count; index++)
                {
                    scores[index] = Logistic(scores[index]);
                }

                break;
            case ScoreTransform.Probit:
                for (long index = 0; index < count; index++)
                {
                    scores[index] = Probit(scores[index]);
                }

                break;
        }
    }

    /// <summary>
    /// Writes the scores of two classes that are known by one number: it and its negative (<paramref name="complement"/>: it and one minus it), or the logistic of it and its
    /// negative. Softmax of two such scores is not defined by ONNX, and ONNX Runtime leaves them.
    /// </summary>
    public static void WritePair<T>(ScoreTransform transform, bool complement, T score, T* scores)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (transform == ScoreTransform.Logistic)
        {
            scores[0] = Logistic(-score);
            scores[1] = Logistic(score);
            return;
        }

        scores[0] = complement ? T.One - score : -score;
        scores[1] = score;
    }

    /// <summary>Through the absolute value, so that large scores do not overflow.</summary>
    public static T Logistic<T>(T score)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        T value = T.One / (T.One + T.Exp(-T.Abs(score)));
        return score < T.Zero ? T.One - value : value;
    }

    /// <summary>√2 · erf⁻¹(2p − 1) by Winitzki's approximation with a = 0.147, the one that other implementations use (its error is some 0.002).</summary>
    public static T Probit<T>(T probability)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        T a = T.CreateChecked(0.147);
        T two = T.CreateChecked(2);
        T x = (two * probability) - T.One;
        T logarithm = T.Log((T.One - x) * (T.One + x));
        T v = (two / (T.CreateChecked(3.14159) * a)) + (T.CreateChecked(0.5) * logarithm);
        T root = T.Sqrt(T.Sqrt((v * v) - (T.One / a * logarithm)) - v);
        return T.CreateChecked(1.41421356) * (x < T.Zero ? -root : root);
    }

    private static void Softmax<T>(T* scores, long count, bool skipZeros)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        // Scores nearer to 0 than this count as "not scored" for SOFTMAX_ZERO.
        T nothing = T.CreateChecked(1e-7);
        T largest = T.NegativeInfinity;
        for (long index = 0; index < count; index++)
        {
            largest = scores[index] > largest ? scores[index] : largest;
        }

        T sum = T.Zero;
        T shift = T.Exp(-largest);
        for (long index = 0; index < count; index++)
        {
            if (skipZeros && T.Abs(scores[index]) <= nothing)
            {
                scores[index] *= shift;
                continue;
            }

            scores[index] = T.Exp(scores[index] - largest);
            sum += scores[index];
        }

        for (long index = 0; index < count; index++)
        {
            // All scores 0: nothing was scored, and 0 / 0 would be no number.
            scores[index] = sum == T.Zero ? scores[index] : scores[index] / sum;
        }
    }
}
