
namespace Cameo.Threading;

/// <summary>
/// What a kernel may use of the machine: a number of threads of the process's <see cref="WorkerPool"/> and scratch memory
/// for each part of a run. A session owns one and hands it to every kernel as first argument.
/// </summary>
public readonly unsafe struct Workers
{
    [ThreadStatic]
    private static WorkerScratch? s_serialScratch;

    [ThreadStatic]
    private static WorkerScratch? s_toolScratch;

    private readonly WorkerScratch? _scratch;
    private readonly int _count;

    /// <summary>Workers for tests and tools, with scratch memory that belongs to the calling thread: it alone may use them, and those it makes one run at a time. Sessions bring theirs.</summary>
    /// <param name="count">Number of threads a run may use, the calling thread included.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is less than 1 or more than <see cref="WorkerPool.MaximumThreads"/>.</exception>
    public Workers(int count)
        : this(count, s_toolScratch ??= new WorkerScratch())
    {
    }

    /// <summary>Workers whose scratch memory belongs to the caller, who frees it when no run uses it any more.</summary>
    /// <param name="count">Number of threads a run may use, the calling thread included.</param>
    /// <param name="scratch">Scratch memory of the parts; at most one run at a time may use it.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is less than 1 or more than <see cref="WorkerPool.MaximumThreads"/>.</exception>
    public Workers(int count, WorkerScratch scratch)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, WorkerPool.MaximumThreads);
        ArgumentNullException.ThrowIfNull(scratch);
        _count = count;
        _scratch = scratch;
    }

    /// <summary>Workers that use the calling thread alone, with scratch memory of that thread.</summary>
    public static Workers Serial => new(1, s_serialScratch ??= new WorkerScratch());

    /// <summary>Number of threads a run may use, the calling thread included; 1 for a default value.</summary>
    public int Count => Math.Max(_count, 1);

    /// <summary>Runs all parts of <paramref name="work"/> on at most <see cref="Count"/> threads and returns when the last is done.</summary>
    /// <typeparam name="TWork">The work; a struct, so that the call is direct and nothing is allocated.</typeparam>
    /// <param name="work">The work; all threads see this one value.</param>
    /// <param name="parts">Number of parts, which may be more than the threads. Nothing runs for 0 or less.</param>
    public void Run<TWork>(ref TWork work, int parts)
        where TWork : struct, IParallelWork
    {
        if (parts > 1 && _count > 1)
        {
            _scratch!.HadParts = true;
            WorkerPool.Shared.Run(ref work, parts, _count);
            return;
        }

        for (int part = 0; part < parts; part++)
        {
            work.Run(part, parts);
        }
    }

    /// <summary>
    /// Scratch memory of one part, 64-byte aligned, kept for the next run and grown when needed. Its content is undefined. It stays valid
    /// until the same part asks for more. A run started inside a part shares these numbers and must not use scratch memory.
    /// </summary>
    /// <param name="part">The part that is running.</param>
    /// <param name="bytes">Bytes needed.</param>
    /// <exception cref="InvalidOperationException">This is a default value, which has no scratch memory.</exception>
    public byte* Scratch(int part, nuint bytes) => Memory.Get(part + 1, bytes);

    /// <summary>
    /// Scratch memory for what all parts of a run read, such as an operand packed before the run; apart from that of any part.
    /// To be asked for by the thread that starts the run, before it starts it.
    /// </summary>
    /// <param name="bytes">Bytes needed.</param>
    /// <exception cref="InvalidOperationException">This is a default value, which has no scratch memory.</exception>
    public byte* SharedScratch(nuint bytes) => Memory.Get(0, bytes);

    private WorkerScratch Memory =>
        _scratch ?? throw new InvalidOperationException("default(Workers) has no scratch memory; use Workers.Serial or new Workers(count).");
}
