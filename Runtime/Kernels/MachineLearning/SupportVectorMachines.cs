using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Support vector machines. Rows are shared out among threads.</summary>
public static unsafe class SupportVectorMachines
{
    /// <summary>Bytes of vectors that a thread compares with at least, as <see cref="MoveParts.MinimumBytesPerThread"/>.</summary>
    private const long MinimumBytesPerThread = 128 * 1024;

    /// <summary>Regression with one target.</summary>
    /// <param name="workers">Threads to use.</param>
    /// <param name="kernel">The vectors.</param>
    /// <param name="coefficients">The coefficient of each vector; null where the only vector holds the coefficients of a linear model.</param>
    /// <param name="rho">What is added.</param>
    /// <param name="oneClass">Whether the results are 1 above 0 and -1 elsewhere.</param>
    /// <param name="rows">[count, size] rows.</param>
    /// <param name="count">How many rows there are.</param>
    /// <param name="results">Receives a number for each row.</param>
    public static void Regress(Workers workers, in SupportVectorKernel kernel, float* coefficients, float rho, bool oneClass, float* rows, long count, float* results)
    {
        var work = new SupportVectorRegressionWork(workers, kernel, coefficients, rho, oneClass, rows, count, results);
        workers.Run(ref work, Parts(workers, kernel, count));
    }

    /// <summary>Labels and scores of classes.</summary>
    /// <param name="workers">Threads to use.</param>
    /// <param name="kernel">The vectors.</param>
    /// <param name="model">What is done with what the vectors say.</param>
    /// <param name="rows">[count, size] rows.</param>
    /// <param name="count">How many rows there are.</param>
    /// <param name="chosen">Receives a label for each row.</param>
    /// <param name="results">Receives the scores of each row.</param>
    public static void Classify(Workers workers, in SupportVectorKernel kernel, in SupportVectorClasses model, float* rows, long count, long* chosen, float* results)
    {
        var work = new SupportVectorClassesWork(workers, kernel, model, rows, count, chosen, results);
        workers.Run(ref work, Parts(workers, kernel, count));
    }

    private static int Parts(Workers workers, in SupportVectorKernel kernel, long rows) =>
        (int)Math.Max(1, Math.Min(Math.Min(workers.Count, rows), (double)rows * kernel.Count * (kernel.Size + 1) * sizeof(float) / MinimumBytesPerThread));
}
