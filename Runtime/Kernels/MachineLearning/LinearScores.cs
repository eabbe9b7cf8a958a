using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>What linear models do with their sums.</summary>
public static unsafe class LinearScores
{
    /// <summary>Transforms the scores of each row.</summary>
    /// <param name="workers">Threads to use.</param>
    /// <param name="scores">[rows, count] scores.</param>
    /// <param name="rows">How many rows there are.</param>
    /// <param name="count">How many scores a row has.</param>
    /// <param name="transform">The transform.</param>
    /// <param name="results">Receives the scores.</param>
    public static void Transform(Workers workers, float* scores, long rows, long count, ScoreTransform transform, float* results)
    {
        var work = new LinearScoresWork(scores, count, transform, null, 0, null, results);
        MoveParts.Run(workers, ref work, rows, count * ScoreTransforms.BytesPerScore);
    }

    /// <summary>Labels and transformed scores of classes.</summary>
    /// <param name="workers">Threads to use.</param>
    /// <param name="scores">[rows, count] sums: one a class, or one for two classes.</param>
    /// <param name="rows">How many rows there are.</param>
    /// <param name="count">How many sums a row has.</param>
    /// <param name="transform">The transform.</param>
    /// <param name="labels">The labels of the classes; for one sum, what stands for "no" and for "yes".</param>
    /// <param name="classes">How many scores the result has for a row.</param>
    /// <param name="chosen">Receives a label for each row.</param>
    /// <param name="results">Receives [rows, classes] scores.</param>
    public static void Classify(Workers workers, float* scores, long rows, long count, ScoreTransform transform, long* labels, long classes, long* chosen, float* results)
    {
        var work = new LinearScoresWork(scores, count, transform, labels, classes, chosen, results);
        MoveParts.Run(workers, ref work, rows, count * ScoreTransforms.BytesPerScore);
    }
}
