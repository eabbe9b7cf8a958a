using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Scores as they are, with averages, base values and the transform.</summary>
internal readonly unsafe struct RegressionResult<T, TResult>(TreeForest<T> forest, ScoreTransform transform, TResult* results) : ITreeResult<T>
    where T : unmanaged, IFloatingPointIeee754<T>
    where TResult : unmanaged, IFloatingPointIeee754<TResult>
{
    private readonly TResult* _results = results;

    public void Write(long row, T* scores, bool* scored)
    {
        int targets = forest.Targets;
        for (int target = 0; target < targets; target++)
        {
            T score = forest.Aggregation == TreeAggregation.Average ? scores[target] / T.CreateTruncating(forest.Trees) : scores[target];
            scores[target] = score + forest.BaseValue(target);
        }

        // One score alone is transformed by PROBIT only, as ONNX Runtime has it.
        if (targets > 1 || transform == ScoreTransform.Probit)
        {
            ScoreTransforms.Apply(transform, scores, targets);
        }

        for (int target = 0; target < targets; target++)
        {
            _results[(row * targets) + target] = TResult.CreateTruncating(scores[target]);
        }
    }
}
