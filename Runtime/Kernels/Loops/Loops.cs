using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Runs generated loops over rows and elements with the vector type of the process, on as many threads as pay off.</summary>
public static class Loops
{
    /// <summary>
    /// Least work of a thread, in simple vector operations on single elements (cost · elements). Some 64 Ki of them take about 5 µs,
    /// which is what handing a part to a waiting worker costs; below twice that a loop stays on its own thread.
    /// </summary>
    public const long MinimumWorkPerThread = 64 * 1024;

    // Elements cut between threads at multiples of two cache lines, so that two threads rarely write to one line.
    private const long CutGranularity = 32;

    /// <summary>Runs <paramref name="loop"/> over <paramref name="rows"/> rows of <paramref name="columns"/> elements.</summary>
    /// <typeparam name="TLoop">The loop body.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="loop">The loop; copied for the threads, so it must not keep results in its own fields.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Elements of a row.</param>
    /// <param name="costPerElement">About how many vector operations an element takes (an addition 1, an exponential 15).</param>
    public static void Elements<TLoop>(Workers workers, ref TLoop loop, long rows, long columns, int costPerElement)
        where TLoop : struct, IElementLoop
    {
        if (rows <= 0 || columns <= 0)
        {
            return;
        }

        int parts = Parts(workers, rows * columns, costPerElement);
        if (parts == 1)
        {
            RunElements(ref loop, 0, rows * columns, columns);
            return;
        }

        var work = new ElementWork<TLoop>(loop, rows, columns);
        workers.Run(ref work, parts);
    }

    /// <summary>Runs <paramref name="loop"/> over <paramref name="rows"/> rows.</summary>
    /// <typeparam name="TLoop">The loop body.</typeparam>
    /// <param name="workers">Threads to use.</param>
    /// <param name="loop">The loop; copied for the threads, so it must not keep results in its own fields.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="costPerRow">About how many vector operations on single elements a row takes (elements · operations).</param>
    public static void Rows<TLoop>(Workers workers, ref TLoop loop, long rows, long costPerRow)
        where TLoop : struct, IRowLoop
    {
        if (rows <= 0)
        {
            return;
        }

        int parts = (int)Math.Min(Parts(workers, rows, costPerRow), rows);
        if (parts == 1)
        {
            RunRows(ref loop, 0, rows);
            return;
        }

        var work = new RowWork<TLoop>(loop, rows);
        workers.Run(ref work, parts);
    }

    private static int Parts(Workers workers, long count, long cost)
    {
        double work = (double)count * Math.Max(cost, 1);
        return (int)Math.Clamp(work / MinimumWorkPerThread, 1, workers.Count);
    }

    private static void RunElements<TLoop>(ref TLoop loop, long begin, long end, long columns)
        where TLoop : struct, IElementLoop
    {
        long row = begin / columns;
        long column = begin - (row * columns);
        while (begin < end)
        {
            long count = Math.Min(columns - column, end - begin);
            RunRange(ref loop, row, column, column + count);
            begin += count;
            column = 0;
            row++;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RunRange<TLoop>(ref TLoop loop, long row, long begin, long end)
        where TLoop : struct, IElementLoop
    {
        if (Vector512.IsHardwareAccelerated)
        {
            loop.Run<Vector512Float>(row, begin, end);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            loop.Run<Vector256Float>(row, begin, end);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            loop.Run<Vector128Float>(row, begin, end);
        }
        else
        {
            loop.Run<ScalarFloat>(row, begin, end);
        }
    }

    private static void RunRows<TLoop>(ref TLoop loop, long begin, long end)
        where TLoop : struct, IRowLoop
    {
        for (long row = begin; row < end; row++)
        {
            if (Vector512.IsHardwareAccelerated)
            {
                loop.Run<Vector512Float>(row);
            }
            else if (Vector256.IsHardwareAccelerated)
            {
                loop.Run<Vector256Float>(row);
            }
            else if (Vector128.IsHardwareAccelerated)
            {
                loop.Run<Vector128Float>(row);
            }
            else
            {
                loop.Run<ScalarFloat>(row);
            }
        }
    }

    private struct ElementWork<TLoop>(TLoop loop, long rows, long columns) : IParallelWork
        where TLoop : struct, IElementLoop
    {
        private TLoop _loop = loop;

        public void Run(int part, int parts)
        {
            long total = rows * columns;
            RunElements(ref _loop, Cut(total, part, parts), Cut(total, part + 1, parts), columns);
        }

        private static long Cut(long total, int part, int parts)
        {
            long granules = (total + CutGranularity - 1) / CutGranularity;
            return Math.Min(granules * part / parts * CutGranularity, total);
        }
    }

    private struct RowWork<TLoop>(TLoop loop, long rows) : IParallelWork
        where TLoop : struct, IRowLoop
    {
        private TLoop _loop = loop;

        public void Run(int part, int parts) => RunRows(ref _loop, rows * part / parts, rows * (part + 1) / parts);
    }
}
