using System.Runtime.CompilerServices;
using Cameo.Descriptions;
using Cameo.Memory;
using Cameo.Threading;

namespace Cameo.Sessions;

/// <summary>
/// Base of the generated sessions: what one thread needs to run a model — buffers, scratch memory, states. Cheap, reusable, and for one
/// thread at a time; a second one gets a <see cref="ConcurrentSessionUseException"/>. After a failed run the session can be used again.
/// </summary>
public abstract unsafe partial class CompiledSession : IDisposable
{
    private const int Free = 0;
    private const int Running = 1;
    private const int Disposed = 2;

    // Runs without parallel kernels after which the workers are not told of the next one any more.
    private const int ParallelMemory = 8;

    private readonly WorkerScratch _scratch = new();
    private Arena? _arena;
    private BufferPool? _pool;
    private int _use;
    private int _parallelRuns;
    private bool _isAnnounced;

    /// <summary>Prepares what all sessions have.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">What the session may use and hold.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is not a positive number, or there are too many threads.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    protected CompiledSession(CompiledModel model, SessionOptions? options)
    {
        ArgumentNullException.ThrowIfNull(model);
        Options = options ?? new SessionOptions();
        CheckPositive(Options.Threads, nameof(SessionOptions.Threads), WorkerPool.MaximumThreads);
        CheckPositive(Options.Capacity, nameof(SessionOptions.Capacity), int.MaxValue);
        CheckPositive(Options.Batch, nameof(SessionOptions.Batch), int.MaxValue);
        Workers = new Workers(Options.Threads ?? WorkerPool.Shared.Threads, _scratch);
        Model = model;
        model.AddSession();
        Weights = model.Weights;
        Prepared = model.Prepared;
    }

    /// <summary>The model.</summary>
    public CompiledModel Model { get; }

    /// <summary>Signature, states, kernels and memory of the model.</summary>
    public ModelDescription Description => Model.Description;

    /// <summary>Threads a run may use, the calling one included.</summary>
    public int Threads => Workers.Count;

    /// <summary>Bytes of the session's buffers at the moment; they grow where shapes are not bounded.</summary>
    public long ArenaSize => (_arena?.Bytes ?? 0) + (_pool?.Bytes ?? 0);

    /// <summary>Bytes of the kernels' scratch memory at the moment.</summary>
    public long ScratchSize => _scratch.Bytes;

    /// <summary>The options the session was created with.</summary>
    protected SessionOptions Options { get; }

    /// <summary>Threads and scratch memory for kernels.</summary>
    protected Workers Workers { get; }

    /// <summary>First byte of the packed weights; null for a model without weights.</summary>
    protected byte* Weights { get; private set; }

    /// <summary>First byte of what was computed once at load; null where there is nothing.</summary>
    protected byte* Prepared { get; private set; }

    /// <summary>First byte of the buffers, 64-byte aligned; null before <see cref="EnsureArena"/>.</summary>
    protected byte* Arena { get; private set; }

    /// <summary>The buffers whose sizes depend on data.</summary>
    protected BufferPool Pool => _pool!;

    /// <summary>Frees the session's memory. Results of earlier runs must not be read any more.</summary>
    /// <exception cref="ConcurrentSessionUseException">A run is under way.</exception>
    public void Dispose()
    {
        int use = Interlocked.CompareExchange(ref _use, Disposed, Free);
        if (use == Disposed)
        {
            return;
        }

        if (use == Running)
        {
            throw new ConcurrentSessionUseException(Description.Name);
        }

        DisposeStates();
        _arena?.Dispose();
        _pool?.Dispose();
        _scratch.Dispose();
        Arena = null;
        Weights = null;
        Prepared = null;
        Model.RemoveSession();
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Takes the session for a run; to be followed by <c>try { … } finally { Exit(); }</c>.
    /// </summary>
    /// <exception cref="ConcurrentSessionUseException">A run is under way.</exception>
    /// <exception cref="ObjectDisposedException">The session was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected void Enter()
    {
        int use = Interlocked.CompareExchange(ref _use, Running, Free);
        if (use != Free)
        {
            ThrowCannotEnter(use);
        }

        _texts?.Clear();
        if (_parallelRuns > 0)
        {
            Announce();
        }
    }

    /// <summary>Gives the session back after a run.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected void Exit()
    {
        if (_parallelRuns > 0 || _scratch.HadParts)
        {
            RememberParallelRun();
        }

        Volatile.Write(ref _use, Free);
    }

    /// <summary>Makes the arena at least this large. When it grows, its address changes and its content is lost.</summary>
    /// <param name="bytes">Bytes needed.</param>
    /// <exception cref="OutOfMemoryException">There is not as much memory.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected void EnsureArena(long bytes)
    {
        if (_arena is null || bytes > _arena.Bytes)
        {
            GrowArena(bytes);
        }
    }

    /// <summary>Makes the buffers whose sizes depend on data; empty at first.</summary>
    /// <param name="slots">How many there are.</param>
    protected void CreatePool(int slots) => _pool = new BufferPool(slots);

    /// <summary>Checks a size that data decide.</summary>
    /// <param name="size">The size.</param>
    /// <param name="maximum">The largest it can be.</param>
    /// <param name="what">What it is the size of.</param>
    /// <returns>The size.</returns>
    /// <exception cref="DimensionOutOfBoundsException">The size is negative or larger than the maximum.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static long CheckSize(long size, long maximum, string what)
    {
        if ((ulong)size > (ulong)maximum)
        {
            ThrowDimensionOutOfBounds(what, size, 0, maximum, "");
        }

        return size;
    }

    /// <summary>
    /// Takes an input for the run to come: checks it, keeps its address, sets the dimensions it defines. The data stay where they are until
    /// <see cref="Execute"/> has returned. The element type has been checked.
    /// </summary>
    /// <param name="index">Index among the model's inputs.</param>
    /// <param name="data">First element; contiguous, row-major.</param>
    /// <param name="shape">Sizes of the dimensions.</param>
    /// <exception cref="ModelInputException">The shape does not fit.</exception>
    protected abstract void BindInput(int index, void* data, ReadOnlySpan<long> shape);

    /// <summary>Runs all kernels on the inputs bound.</summary>
    protected abstract void Execute();

    /// <summary>Where an output lies after <see cref="Execute"/>.</summary>
    /// <param name="index">Index among the model's outputs.</param>
    protected abstract TensorView GetOutputView(int index);

    private static void CheckPositive(int? value, string option, int maximum)
    {
        if (value is < 1 || value > maximum)
        {
            throw new ArgumentOutOfRangeException("options", value, $"SessionOptions.{option} must be between 1 and {maximum}.");
        }
    }

    /// <summary>Tells the workers of this run, as the last ones had work for them, so that they need not be woken by its first parallel kernel.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Announce()
    {
        _isAnnounced = true;
        WorkerPool.Shared.BeginSession(Workers.Count);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void RememberParallelRun()
    {
        _parallelRuns = _scratch.HadParts ? ParallelMemory : _parallelRuns - 1;
        _scratch.HadParts = false;
        if (_isAnnounced)
        {
            _isAnnounced = false;
            WorkerPool.Shared.EndSession();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void GrowArena(long bytes)
    {
        // The old block goes first, so that both need not exist at once.
        Arena = null;
        _arena?.Dispose();
        _arena = null;
        _arena = new Arena(bytes);
        Arena = _arena.Pointer;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowCannotEnter(int use)
    {
        ObjectDisposedException.ThrowIf(use == Disposed, this);
        throw new ConcurrentSessionUseException(Description.Name);
    }
}
