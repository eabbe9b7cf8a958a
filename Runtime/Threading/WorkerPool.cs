using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Cameo.Threading;

/// <summary>
/// The process's pool of worker threads. A run is cut into parts by its caller; the calling thread and the workers take parts until none
/// is left. Nothing is allocated by a run. A worker that is late costs nothing: the others take its parts. The threads are background threads, started when a run
/// first needs them; after work they spin for a bounded time, then sleep in the kernel.
/// </summary>
/// <remarks>
/// <para>
/// Handing parts to a spinning thread takes less than 1 µs, waking a sleeping one 15 to 60 µs, on a busy machine milliseconds. So a session that had work for the
/// workers announces its next run before that run's first parallel kernel (<see cref="BeginSession"/>), and workers spin up to <see cref="SpinMicroseconds"/>: between the
/// kernels of a run, and after it where the next one is likely to come as soon. Where the last one took longer to come, they spin for <see cref="BriefSpinMicroseconds"/>.
/// So a process that runs models now and then has idle processors between, and one that runs them without pause does not wait for threads to wake.
/// </para>
/// <para>
/// One run at a time uses the workers. A run that comes while another is under way (a second session on another thread, or a run
/// started inside a part) does all its parts on its own thread: the same parts, hence the same bits, and no thread ever waits for the pool.
/// </para>
/// </remarks>
public sealed unsafe class WorkerPool
{
    /// <summary>Most threads that one run may use.</summary>
    public const int MaximumThreads = 1024;

    /// <summary>
    /// Longest time that a thread without work spins before it sleeps. Many times what waking takes, as a kernel that lacks a thread may take twice as long, yet little
    /// processor time for a pause between runs. Spinning threads do not yield: on a busy machine
    /// that gives their processor away for milliseconds, and one that was woken beside its caller must be seen to want a processor, or the system never moves it to another.
    /// </summary>
    public const int SpinMicroseconds = 1000;

    /// <summary>
    /// How long a thread spins where a longer time has not paid, as the last run was further away. About what waking takes, so that spinning in vain and sleeping in vain
    /// cost alike.
    /// </summary>
    public const int BriefSpinMicroseconds = 50;

    // Reading the clock takes as long as looking for work several times.
    private const int LooksPerClockReading = 8;

    private static readonly long SpinTicks = Stopwatch.Frequency * SpinMicroseconds / 1_000_000;
    private static readonly long BriefSpinTicks = Stopwatch.Frequency * BriefSpinMicroseconds / 1_000_000;

    private readonly string _threadName;
    private readonly int _processors;
    private readonly Lock _growth = new();
    private readonly Lock _failure = new();
    private readonly AutoResetEvent _finished = new(false);
    private Worker[] _workers = [];

    // The run under way; written by the thread that owns the pool before it publishes a new generation in _claim.
    private int _busy;
    private void* _work;
    private delegate*<void*, int, int, void> _invoke;
    private int _parts;
    private int _helpers;
    private int _generation;
    private Exception? _exception;
    private int _exceptionPart;
    private int _callerSleeps;

    // High half: generation of the run; low half: parts that nobody has taken yet. One word says both, so that a thread which comes late can't
    // take a part of a run that is over by what it reads of the next one. Alone on their cache lines, as all threads write them.
    private PaddedLong _claim;
    private PaddedLong _completed;

    // What sessions tell of their runs. Only speed depends on it, so with several sessions the last one's word may stand.
    private PaddedLong _announcement;
    private PaddedLong _callerProcessor = new() { Value = -1 };
    private int _announcedHelpers;
    private int _sessions;
    private long _lastEnd = Stopwatch.GetTimestamp();
    private bool _nextRunIsNear = true;

    /// <summary>A pool of its own, for tests; the threads of a pool never end.</summary>
    /// <param name="threadName">What its threads are called, with their number behind it.</param>
    /// <param name="processors">Processors to count with.</param>
    internal WorkerPool(string threadName, int processors)
    {
        _threadName = threadName;
        _processors = processors;
        Threads = DefaultThreads(Environment.GetEnvironmentVariable("CAMEO_THREADS"), processors);
    }

    /// <summary>The pool of this process.</summary>
    public static WorkerPool Shared { get; } = new("Cameo worker", Environment.ProcessorCount);

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
    /// Runs all parts of <paramref name="work"/> on at most <paramref name="threads"/> threads, the calling one included, and never on more than there are processors. Returns when
    /// the last is done. If parts throw, the exception of the lowest of them is thrown here, after all running parts have ended.
    /// </summary>
    /// <typeparam name="TWork">The work; a struct, so that the call is direct and nothing is allocated.</typeparam>
    /// <param name="work">The work; all threads see this one value.</param>
    /// <param name="parts">Number of parts; nothing runs for 0 or less.</param>
    /// <param name="threads">Most threads to use, at least 1.</param>
    public void Run<TWork>(ref TWork work, int parts, int threads)
        where TWork : struct, IParallelWork
    {
        int helpers = Math.Min(parts, Usable(threads)) - 1;
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

    /// <summary>
    /// Announces a run that will have work for several threads: workers that sleep wake while the run begins, and spin between its kernels.
    /// To be followed by <see cref="EndSession"/>.
    /// </summary>
    /// <param name="threads">Most threads that its kernels will use, the calling one included.</param>
    internal void BeginSession(int threads)
    {
        Interlocked.Increment(ref _sessions);
        Volatile.Write(ref _nextRunIsNear, Stopwatch.GetTimestamp() - Volatile.Read(ref _lastEnd) < SpinTicks);
        Worker[] workers = Volatile.Read(ref _workers);
        int helpers = Math.Min(Usable(threads) - 1, workers.Length);
        if (helpers > 0)
        {
            NoteCallersProcessor();
            Volatile.Write(ref _announcedHelpers, helpers);

            // A full fence: either the worker sees it before it sleeps, or it is seen to sleep.
            Interlocked.Increment(ref _announcement.Value);
            workers[0].WakeIfAsleep();
        }
    }

    /// <summary>Ends what <see cref="BeginSession"/> began.</summary>
    internal void EndSession()
    {
        Volatile.Write(ref _lastEnd, Stopwatch.GetTimestamp());
        Interlocked.Decrement(ref _sessions);
    }

    /// <summary>The default number of threads for a value of <c>CAMEO_THREADS</c> and a number of processors.</summary>
    internal static int DefaultThreads(string? environment, int processors)
    {
        bool given = int.TryParse(environment, NumberStyles.None, CultureInfo.InvariantCulture, out int threads) && threads >= 1;
        return Math.Min(given ? threads : Math.Max(processors, 1), MaximumThreads);
    }

    /// <summary>Threads that one run may use: more than processors would only take turns, and one that waits could keep the one it waits for from running.</summary>
    private int Usable(int threads) => Math.Min(Math.Min(threads, _processors), MaximumThreads);

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
        _helpers = helpers;
        _exception = null;
        _exceptionPart = int.MaxValue;
        _completed.Value = 0;
        NoteCallersProcessor();
        Volatile.Write(ref _claim.Value, Claim(generation, parts));

        // The last worker first: who wakes another one must find its order given.
        for (int number = helpers; number >= 1; number--)
        {
            workers[number - 1].Order(generation);
        }

        workers[0].WakeIfAsleep();
        TakeParts(generation);
        WaitForOthers(parts);
        _work = null;
        if (_exception is { } exception)
        {
            _exception = null;
            ExceptionDispatchInfo.Throw(exception);
        }
    }

    private static long Claim(int generation, int remaining) => ((long)generation << 32) | (uint)remaining;

    /// <summary>Takes and runs parts until none is left or the run is over.</summary>
    private void TakeParts(int generation)
    {
        while (true)
        {
            long claim = Volatile.Read(ref _claim.Value);
            int remaining = (int)claim;
            if ((int)(claim >> 32) != generation || remaining == 0)
            {
                return;
            }

            if (Interlocked.CompareExchange(ref _claim.Value, claim - 1, claim) != claim)
            {
                continue;
            }

            // From here to the increment of _completed the run cannot end, so its fields may be read; not before.
            int parts = _parts;
            int part = parts - remaining;
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
                _finished.Set();
            }
        }
    }

    private void KeepLowest(Exception exception, int part)
    {
        lock (_failure)
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
        for (int look = 1; Volatile.Read(ref _completed.Value) != parts; look++)
        {
            if (look % LooksPerClockReading != 0 || Stopwatch.GetTimestamp() - start < SpinTicks)
            {
                Thread.SpinWait(1);
                continue;
            }

            // The exchange is a full fence: either the last part sees the flag, or this thread sees the part completed.
            Interlocked.Exchange(ref _callerSleeps, 1);
            while (Volatile.Read(ref _completed.Value) != parts)
            {
                _finished.WaitOne();
            }

            Volatile.Write(ref _callerSleeps, 0);
        }
    }

    private void NoteCallersProcessor()
    {
        if (!ThreadPlacement.IsSupported)
        {
            return;
        }

        // Written only where it changes, as spinning workers hold its line.
        int processor = ThreadPlacement.CurrentProcessor();
        if (Volatile.Read(ref _callerProcessor.Value) != processor)
        {
            Volatile.Write(ref _callerProcessor.Value, processor);
        }
    }

    /// <summary>How long workers spin at the moment.</summary>
    private long WorkerSpinTicks() =>
        Volatile.Read(ref _nextRunIsNear) || Volatile.Read(ref _sessions) != 0 ? SpinTicks : BriefSpinTicks;

    /// <summary>
    /// Wakes the two workers that worker <paramref name="number"/> is to wake, as in a binary heap: waking takes long, so the caller wakes only
    /// the first and goes to work. Nothing depends on it but speed: parts that no worker takes are done by the caller.
    /// </summary>
    private void WakeNext(int number, int helpers)
    {
        Worker[] workers = Volatile.Read(ref _workers);
        int last = Math.Min(Math.Min((2 * number) + 1, helpers), workers.Length);
        for (int next = 2 * number; next <= last; next++)
        {
            workers[next - 1].WakeIfAsleep();
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
        private readonly int _number;
        private readonly AutoResetEvent _wake = new(false);
        private PaddedLong _ordered;
        private long _announcement;
        private int _sleeps;
        private int _thread;
        private int _keptOff = -1;

        public Worker(WorkerPool pool, int number)
        {
            _pool = pool;
            _number = number;
            _ordered.Value = long.MinValue;

            // Kernels keep their working set in scratch memory, not on the stack.
            var thread = new Thread(Loop, maxStackSize: 1 << 20) { IsBackground = true, Name = $"{pool._threadName} {number}" };
            thread.Start();
        }

        /// <summary>Tells the worker to take part in a run. A full fence: either the worker sees it before it sleeps, or it is seen to sleep.</summary>
        public void Order(int generation) => Interlocked.Exchange(ref _ordered.Value, generation);

        public void WakeIfAsleep()
        {
            if (Volatile.Read(ref _sleeps) != 0)
            {
                KeepOff((int)Volatile.Read(ref _pool._callerProcessor.Value));
                _wake.Set();
            }
        }

        private void Loop()
        {
            _thread = ThreadPlacement.IsSupported ? ThreadPlacement.CurrentThread() : 0;
            long last = long.MinValue;
            while (true)
            {
                last = WaitForOrder(last);
                _pool.WakeNext(_number, Volatile.Read(ref _pool._helpers));
                _pool.TakeParts((int)last);
            }
        }

        private long WaitForOrder(long last)
        {
            long start = Stopwatch.GetTimestamp();
            for (int look = 1; ; look++)
            {
                long ordered = Volatile.Read(ref _ordered.Value);
                if (ordered != last)
                {
                    return ordered;
                }

                long announcement = Volatile.Read(ref _pool._announcement.Value);
                if (announcement != _announcement)
                {
                    _announcement = announcement;
                    _pool.WakeNext(_number, Volatile.Read(ref _pool._announcedHelpers));
                    start = Stopwatch.GetTimestamp();
                }

                if (look % LooksPerClockReading != 0)
                {
                    Thread.SpinWait(1);
                    continue;
                }

                LeaveCallersProcessor();
                if (Stopwatch.GetTimestamp() - start < _pool.WorkerSpinTicks())
                {
                    continue;
                }

                Sleep(last);
                start = Stopwatch.GetTimestamp();
            }
        }

        /// <summary>The caller may have come to this thread's processor since this one was woken.</summary>
        private void LeaveCallersProcessor()
        {
            int caller = (int)Volatile.Read(ref _pool._callerProcessor.Value);
            if (caller >= 0 && caller == ThreadPlacement.CurrentProcessor())
            {
                _keptOff = -1;
                KeepOff(caller);
            }
        }

        private void KeepOff(int processor)
        {
            if (processor >= 0 && _keptOff != processor && _thread != 0)
            {
                _keptOff = processor;
                ThreadPlacement.KeepOff(_thread, processor);
            }
        }

        private void Sleep(long last)
        {
            Interlocked.Exchange(ref _sleeps, 1);
            while (Volatile.Read(ref _ordered.Value) == last && Volatile.Read(ref _pool._announcement.Value) == _announcement)
            {
                _wake.WaitOne();
            }

            Volatile.Write(ref _sleeps, 0);
        }
    }
}
