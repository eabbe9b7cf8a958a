using System.Numerics;

namespace Cameo.Kernels;

/// <summary>
/// The label of the best class and the scores of all. Two classes are special, as ONNX Runtime has it: models with one set of weights say by it how good the second class is
/// (as a probability where no weight is negative, else as a number around 0).
/// </summary>
internal readonly unsafe struct ClassificationResult<T>(
    TreeForest<T> forest, int classes, int baseValues, bool oneClassWeighted, bool positive, ScoreTransform transform, long* labels, long* chosen, float* results) : ITreeResult<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly long* _labels = labels;
    private readonly long* _chosen = chosen;
    private readonly float* _results = results;

    public void Write(long row, T* scores, bool* scored)
    {
        float* results = _results + (row * classes);
        switch (classes)
        {
            case 1:
                scores[0] += baseValues > 0 ? forest.BaseValue(0) : T.Zero;
                _chosen[row] = _labels[scores[0] > T.Zero ? 1 : 0];
                results[0] = float.CreateTruncating(transform == ScoreTransform.Probit ? ScoreTransforms.Probit(scores[0]) : scores[0]);
                return;
            case 2:
                _chosen[row] = _labels[WriteTwo(scores, scored, results)];
                return;
            default:
                _chosen[row] = _labels[Best(scores, scored)];
                WriteAll(scores, results);
                return;
        }
    }

    /// <summary>The class with the largest score among those that have one.</summary>
    private int Best(T* scores, bool* scored)
    {
        int best = -1;
        for (int index = 0; index < classes; index++)
        {
            if (baseValues > 0)
            {
                scores[index] += forest.BaseValue(index);
                scored[index] = true;
            }

            if (scored[index] && (best < 0 || scores[index] > scores[best]))
            {
                best = index;
            }
        }

        return Math.Max(best, 0);
    }

    private int WriteTwo(T* scores, bool* scored, float* results)
    {
        bool second = scored[1];
        if (baseValues == 2 && (second || !oneClassWeighted))
        {
            scores[0] += forest.BaseValue(0);
            scores[1] += forest.BaseValue(1);
            int better = oneClassWeighted ? Decide(scores[1]) : scores[1] > scores[0] ? 1 : 0;
            WriteAll(scores, results);
            return better;
        }

        // One number for both classes is a score of the second, whichever class it is listed under. A score that no leaf gave is 0, and keeps it where the second class has one.
        scores[0] += second && !scored[0] ? T.Zero : baseValues == 2 ? forest.BaseValue(1) : baseValues == 1 ? forest.BaseValue(0) : T.Zero;
        int decision = Decide(second ? scores[1] : scores[0]);
        if (second)
        {
            WriteAll(scores, results);
        }
        else if (transform == ScoreTransform.Probit)
        {
            results[0] = float.CreateTruncating(ScoreTransforms.Probit(scores[0]));
            results[1] = 0;
        }
        else
        {
            WriteOne(scores[0], results);
        }

        return decision;
    }

    private void WriteOne(T score, float* results) => ScoreTransforms.WritePair(transform, oneClassWeighted && positive, float.CreateTruncating(score), results);

    private int Decide(T score) => score > (oneClassWeighted && positive ? T.CreateTruncating(0.5) : T.Zero) ? 1 : 0;

    private void WriteAll(T* scores, float* results)
    {
        for (int index = 0; index < classes; index++)
        {
            results[index] = float.CreateTruncating(scores[index]);
        }

        ScoreTransforms.Apply(transform, results, classes);
    }
}
