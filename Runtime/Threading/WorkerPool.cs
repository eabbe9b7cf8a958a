using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Cameo.Threading;

/// <summary>
/// The process's pool of worker threads. A run is cut into parts by its caller; the calling thread and the workers take parts until none
/// is left. Nothing is allocated by a run. A worker that is late costs nothing: the others take its parts. The threads are background threads, started when a run
/// first needs them; after work they spin for <see cref="SpinMicroseconds"/> and then sleep in the kernel.
/// </summary>
/// <remarks>
/// One run at a time uses the workers. A run that comes while another is under way (a second session on another thread, or a run
/// started inside a part) does all its parts on its own thread: the same parts, hence the same bits, and no thread ever waits for the pool.
/// </remarks>
public sealed unsafe class WorkerPool
{
    /// <summary>Most threads that one run may use.</summary>
    public const int MaximumThreads = 1024;

    /// <summary>
    /// How long a thread without work spins before it sleeps. Waking a sleeping thread costs some 5 to 50 µs, and the gap between two
    /// parallel kernels of one run is mostly shorter than that; longer spinning would only take processor time from others.
    /// </summary>
    public const int SpinMicroseconds = 50;

    private static readonly long SpinTicks = Stopwatch.Frequency * SpinMicroseconds / 1_000_000;

    private readonly Lock _growth = new();
    private readonly object _finished = new();
    private Worker[] _workers = [];

    // The run under way; written by the thread that owns the pool before it publishes a new generation in _claim.
    private int _busy;
    private void* _work;
    private delegate*<void*, int, int, void> _invoke;
    private int _parts;
    private int _generation;
    private Exception? _exception;
    private int _exceptionPart;
    private int _callerSleeps;

    // High half: generation of the run; low half: next part to take. A thread that comes late finds another generation and leaves
    // without having read anything of a run that is over. Alone on their cache lines, as all threads write them.
    private PaddedLong _claim;
    private PaddedLong _completed;

    private WorkerPool()
    {
        Threads = DefaultThreads(Environment.GetEnvironmentVariable("CAMEO_THREADS"), Environment.ProcessorCount);
    }

    /// <summary>The pool of this process.</summary>
    public static WorkerPool Shared { get; } = new();

    /// <summary>
    /// Threads used where nobody asks for a number: the environment variable <c>CAMEO_THREADS</c>, else <see cref="Environment.ProcessorCount"/>,
    /// which honours the process's affinity and container limits.
    /// </summary>
    public int Threads { get; }

    /// <summary>Worker threads started so far, not counting the callers' own.</summary>
    public int StartedWorkers => Volatile.Read(ref _workers).Length;

    /// <summary>Runs all parts of <paramref name="work"/> on at most <see cref="Threads"/> threads and returns when the last is done.</summary>
    /// <typeparam name="TWork">The work; a struct, so that the call is direct and nothing is allocated.</typeparam>
    /// <param name="work">The work; all threads see this one value.</param>
    /// <param name="parts">Number of parts; nothing runs for 0 or less.</param>
    public void Run<TWork>(ref TWork work, int parts)
        where TWork : struct, IParallelWork => Run(ref work, parts, Threads);

    /// <summary>
    /// Runs all parts of <paramref name="work"/> on at most <paramref name="threads"/> threads, the calling one included, and returns when
    /// the last is done. If parts throw, the exception of the lowest of them is thrown here, after all running parts have ended.
    /// </summary>
    /// <typeparam name="TWork">The work; a struct, so that the call is direct and nothing is allocated.</typeparam>
    /// <param name="work">The work; all threads see this one value.</param>
    /// <param name="parts">Number of parts; nothing runs for 0 or less.</param>
    /// <param name="threads">Most threads to use, at least 1.</param>
    public void Run<TWork>(ref TWork work, int parts, int threads)
        where TWork : struct, IParallelWork
    {
        int helpers = Math.Min(Math.Min(parts, threads), MaximumThreads) - 1;
        if (helpers <= 0 || Interlocked.CompareExchange(ref _busy, 1, 0) != 0)
        {
            for (int part = 0; part < parts; part++)
            {
                work.Run(part, parts);
            }

            return;
        }

        // The workers reach the value through its address, so it must lie where the collector does not move it: on this stack.
        TWork onStack = work;
        try
        {
            RunShared(Unsafe.AsPointer(ref onStack), &Invoke<TWork>, parts, helpers);
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
            work = onStack;
        }
    }

    /// <summary>The default number of threads for a value of <c>CAMEO_THREADS</c> and a number of processors.</summary>
    internal static int DefaultThreads(string? environment, int processors)
    {
        bool given = int.TryParse(environment, NumberStyles.None, CultureInfo.InvariantCulture, out int threads) && threads >= 1;
        return Math.Min(given ? threads : Math.Max(processors, 1), MaximumThreads);
    }

    private static void Invoke<TWork>(void* work, int part, int parts)
        where TWork : struct, IParallelWork => Unsafe.AsRef<TWork>(work).Run(part, parts);

    private void RunShared(void* work, delegate*<void*, int, int, void> invoke, int parts, int helpers)
    {
        Worker[] workers = Start(helpers);
        int generation = unchecked(_generation + 1);
        _generation = generation;
        _work = work;
        _invoke = invoke;
        _parts = parts;
        _exception = null;
        _exceptionPart = int.MaxValue;
        _completed.Value = 0;
        Volatile.Write(ref _claim.Value, Claim(generation, 0));
        for (int index = 0; index < helpers; index++)
        {
            workers[index].Signal(generation);
        }

        TakeParts(generation);
        WaitForOthers(parts);
        _work = null;
        if (_exception is { } exception)
        {
            _exception = null;
            ExceptionDispatchInfo.Throw(exception);
        }
    }

    private static long Claim(int generation, int part) => ((long)generation << 32) | (uint)part;

    /// <summary>Takes and runs parts until none is left or the run is over.</summary>
    private void TakeParts(int generation)
    {
        while (true)
        {
            long claim = Volatile.Read(ref _claim.Value);
            int part = (int)claim;
            int parts = _parts;
            if ((int)(claim >> 32) != generation || part >= parts)
            {
                return;
            }

            if (Interlocked.CompareExchange(ref _claim.Value, claim + 1, claim) != claim)
            {
                continue;
            }

            // From here to the increment of _completed the run cannot end, so its fields may be read.
            try
            {
                _invoke(_work, part, parts);
            }
            catch (Exception exception)
            {
                KeepLowest(exception, part);
            }

            if (Interlocked.Increment(ref _completed.Value) == parts && Volatile.Read(ref _callerSleeps) != 0)
            {
                lock (_finished)
                {
                    Monitor.PulseAll(_finished);
                }
            }
        }
    }

    private void KeepLowest(Exception exception, int part)
    {
        lock (_finished)
        {
            if (part < _exceptionPart)
            {
                _exceptionPart = part;
                _exception = exception;
            }
        }
    }

    private void WaitForOthers(int parts)
    {
        long start = Stopwatch.GetTimestamp();
        while (Volatile.Read(ref _completed.Value) != parts)
        {
            if (Stopwatch.GetTimestamp() - start < SpinTicks)
            {
                Thread.SpinWait(1);
                continue;
            }

            lock (_finished)
            {
                // The exchange is a full fence: either the last part sees the flag, or this thread sees the part completed.
                Interlocked.Exchange(ref _callerSleeps, 1);
                while (Volatile.Read(ref _completed.Value) != parts)
                {
                    Monitor.Wait(_finished);
                }

                Volatile.Write(ref _callerSleeps, 0);
            }
        }
    }

    private Worker[] Start(int count)
    {
        Worker[] workers = Volatile.Read(ref _workers);
        return workers.Length >= count ? workers : StartMore(count);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Worker[] StartMore(int count)
    {
        lock (_growth)
        {
            var grown = new Worker[count];
            _workers.CopyTo(grown, 0);
            for (int index = _workers.Length; index < count; index++)
            {
                grown[index] = new Worker(this, index + 1);
            }

            Volatile.Write(ref _workers, grown);
            return grown;
        }
    }

    /// <summary>One worker thread and the box its orders come in.</summary>
    private sealed class Worker
    {
        private readonly WorkerPool _pool;
        private PaddedLong _ordered;
        private int _sleeps;

        public Worker(WorkerPool pool, int number)
        {
            _pool = pool;
            _ordered.Value = long.MinValue;

            // Kernels keep their working set in scratch memory, not on the stack.
            var thread = new Thread(Loop, maxStackSize: 1 << 20) { IsBackground = true, Name = $"Cameo worker {number}" };
            thread.Start();
        }

        public void Signal(int generation)
        {
            // The exchange is a full fence: either this thread sees the flag, or the worker sees the order before it sleeps.
            Interlocked.Exchange(ref _ordered.Value, generation);
            if (Volatile.Read(ref _sleeps) != 0)
            {
                lock (this)
                {
                    Monitor.Pulse(this);
                }
            }
        }

        private void Loop()
        {
            long last = long.MinValue;
            while (true)
            {
                last = WaitForOrder(last);
                _pool.TakeParts((int)last);
            }
        }

        private long WaitForOrder(long last)
        {
            long start = Stopwatch.GetTimestamp();
            while (true)
            {
                long ordered = Volatile.Read(ref _ordered.Value);
                if (ordered != last)
                {
                    return ordered;
                }

                if (Stopwatch.GetTimestamp() - start < SpinTicks)
                {
                    Thread.SpinWait(1);
                    continue;
                }

                Sleep(last);
            }
        }

        private void Sleep(long last)
        {
            lock (this)
            {
                Interlocked.Exchange(ref _sleeps, 1);
                while (Volatile.Read(ref _ordered.Value) == last)
                {
                    Monitor.Wait(this);
                }

                Volatile.Write(ref _sleeps, 0);
            }
        }
    }
}
