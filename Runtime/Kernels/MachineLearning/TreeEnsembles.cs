using System.Numerics;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Ensembles of decision trees. Rows are shared out among threads, or trees where rows are few; the weights of a row are always combined in the order of the trees.</summary>
public static unsafe class TreeEnsembles
{
    /// <summary>Comparisons a thread makes at least: some 2 ns each, against some 5 µs to wake a worker.</summary>
    private const long MinimumStepsPerThread = 10_000;

    /// <summary>Below this many rows a thread, trees are shared out and not rows: eight rows go through a tree at once.</summary>
    private const long MinimumRowsPerThread = 8;

    /// <summary>Scores of all targets.</summary>
    /// <typeparam name="T">Type of features and weights.</typeparam>
    /// <typeparam name="TResult">Type of the results.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="forest">The trees.</param>
    /// <param name="features">[rows, count] features.</param>
    /// <param name="rows">How many rows there are.</param>
    /// <param name="count">How many features a row has; more than any node asks for.</param>
    /// <param name="transform">What is done with the scores at last.</param>
    /// <param name="results">Receives [rows, targets] scores.</param>
    public static void Regress<T, TResult>(Workers workers, in TreeForest<T> forest, T* features, long rows, long count, ScoreTransform transform, TResult* results)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TResult : unmanaged, IFloatingPointIeee754<TResult> =>
        Run(workers, forest, features, rows, count, new RegressionResult<T, TResult>(forest, transform, results));

    /// <summary>Labels and scores of classes.</summary>
    /// <typeparam name="T">Type of features and weights.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="forest">The trees; their targets are classes.</param>
    /// <param name="features">[rows, count] features.</param>
    /// <param name="rows">How many rows there are.</param>
    /// <param name="count">How many features a row has; more than any node asks for.</param>
    /// <param name="baseValues">How many base values there are: 0, 1, or as many as classes.</param>
    /// <param name="oneClassWeighted">Whether there are two classes and all weights are listed under one.</param>
    /// <param name="positive">Whether no weight is negative.</param>
    /// <param name="transform">What is done with the scores at last.</param>
    /// <param name="labels">The labels of the classes; of one class, what stands for "no" and for "yes".</param>
    /// <param name="chosen">Receives a label for each row.</param>
    /// <param name="results">Receives [rows, classes] scores.</param>
    public static void Classify<T>(
        Workers workers, in TreeForest<T> forest, T* features, long rows, long count, int baseValues, bool oneClassWeighted, bool positive, ScoreTransform transform, long* labels, long* chosen, float* results)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        Run(workers, forest, features, rows, count, new ClassificationResult<T>(forest, forest.Targets, baseValues, oneClassWeighted, positive, transform, labels, chosen, results));

    private static void Run<T, TResult>(Workers workers, in TreeForest<T> forest, T* features, long rows, long count, TResult result)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TResult : struct, ITreeResult<T>
    {
        if (forest.Missing)
        {
            Run<T, MissingDirection, TResult>(workers, forest, features, rows, count, result);
        }
        else
        {
            Run<T, PlainDirection, TResult>(workers, forest, features, rows, count, result);
        }
    }

    private static void Run<T, TDirection, TResult>(Workers workers, in TreeForest<T> forest, T* features, long rows, long count, TResult result)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TDirection : struct, ITreeDirection
        where TResult : struct, ITreeResult<T>
    {
        double steps = (double)rows * forest.Trees * Math.Max(1, forest.Depth);
        int parts = (int)Math.Min(workers.Count, steps / MinimumStepsPerThread);
        if (parts > 1 && rows < parts * MinimumRowsPerThread)
        {
            FewRows<T, TDirection, TResult>(workers, forest, features, rows, count, result, parts);
            return;
        }

        var work = new TreeRowsWork<T, TDirection, TResult>(workers, forest, rows) { Features = features, Stride = (nint)count, Result = result };
        workers.Run(ref work, Math.Max(1, parts));
    }

    private static void FewRows<T, TDirection, TResult>(Workers workers, in TreeForest<T> forest, T* features, long rows, long count, TResult result, int parts)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TDirection : struct, ITreeDirection
        where TResult : struct, ITreeResult<T>
    {
        // Scores first, which want the wider alignment.
        long targets = forest.Targets, leafCount = rows * forest.Trees;
        byte* scratch = workers.SharedScratch(checked((nuint)((targets * sizeof(T)) + (leafCount * sizeof(int)) + targets)));
        var scores = (T*)scratch;
        var leaves = (int*)(scores + targets);
        var scored = (bool*)(leaves + leafCount);
        var work = new TreeLeavesWork<T, TDirection>(forest, features, (nint)count, rows, leaves);
        workers.Run(ref work, parts);
        var sum = new TreeScores<T>(forest);
        for (long row = 0; row < rows; row++)
        {
            new Span<T>(scores, (int)targets).Clear();
            new Span<bool>(scored, (int)targets).Clear();
            for (long tree = 0; tree < forest.Trees; tree++)
            {
                sum.Add(leaves[(row * forest.Trees) + tree], scores, scored);
            }

            result.Write(row, scores, scored);
        }
    }
}
