using Cameo.Descriptions;
using Cameo.Memory;
using Cameo.Threading;

namespace Cameo.Sessions;

/// <summary>
/// Base of the classes generated for models: holds the weights, which all sessions share. Immutable after construction and safe for
/// use from several threads. The weights stay mapped until the model and all its sessions are disposed.
/// </summary>
public abstract unsafe class CompiledModel : IDisposable
{
    private readonly Lock _lifetime = new();
    private readonly WeightFile? _weights;
    private readonly Arena? _prepared;
    private int _sessions;
    private bool _disposed;
    private ModelDetails? _details;

    /// <summary>Loads and checks the weights and prepares what is computed once.</summary>
    /// <param name="description">What the compiler knows of the model.</param>
    /// <param name="options">How to load it.</param>
    /// <exception cref="WeightFileException">The weights are missing, truncated, damaged, or another compilation's.</exception>
    protected CompiledModel(ModelDescription description, ModelOptions? options)
    {
        ArgumentNullException.ThrowIfNull(description);
        Description = description;
        options ??= new ModelOptions();
        _weights = LoadWeights(description, options);
        Weights = _weights == null ? null : _weights.Payload;
        if (description.PreparedBytes == 0)
        {
            return;
        }

        try
        {
            _prepared = new Arena(description.PreparedBytes);
            Prepared = _prepared.Pointer;
            using var scratch = new WorkerScratch();
            Prepare(Prepared, new Workers(options.Threads ?? WorkerPool.Shared.Threads, scratch));
            GC.KeepAlive(scratch);
            _weights?.DropColdPages();
        }
        catch
        {
            _weights?.Dispose();
            throw;
        }
    }

    /// <summary>Signature, states and sizes of the model.</summary>
    public ModelDescription Description { get; }

    /// <summary>Kernels, patterns and memory plan of the model, for tools. Made at the first call.</summary>
    public ModelDetails Details => _details ??= DescribeDetails();

    /// <summary>The texts that the model knows; elements of string tensors are handles of texts.</summary>
    protected virtual TextConstants TextConstants => TextConstants.None;

    /// <summary><see cref="TextConstants"/> for sessions.</summary>
    internal TextConstants Texts => TextConstants;

    /// <summary>First byte of the packed weights, 64-byte aligned; null for a model without weights.</summary>
    protected internal byte* Weights { get; private set; }

    /// <summary>First byte of what <see cref="Prepare"/> computed, 64-byte aligned; null where there is nothing to prepare.</summary>
    protected internal byte* Prepared { get; private set; }

    /// <summary>Creates a session: what one thread needs to run the model.</summary>
    /// <param name="options">What it may use and hold.</param>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public CompiledSession CreateSession(SessionOptions? options = null) => CreateSessionCore(options);

    /// <summary>Makes <see cref="Details"/>.</summary>
    protected virtual ModelDetails DescribeDetails() => new();

    /// <summary>Name of the model.</summary>
    public override string ToString() => Description.Name;

    /// <summary>Ends the model: no more sessions can be created, and the weights are unmapped when the last session is disposed.</summary>
    public void Dispose()
    {
        lock (_lifetime)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            ReleaseWhenUnused();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Called by sessions as they begin.</summary>
    internal void AddSession()
    {
        lock (_lifetime)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _sessions++;
        }
    }

    /// <summary>Called by sessions as they are disposed.</summary>
    internal void RemoveSession()
    {
        lock (_lifetime)
        {
            _sessions--;
            ReleaseWhenUnused();
        }
    }

    /// <summary>Creates a session of the generated type.</summary>
    /// <param name="options">What it may use and hold.</param>
    protected abstract CompiledSession CreateSessionCore(SessionOptions? options);

    /// <summary>
    /// Computes constants that are too large or too odd for the compiler, once, as the model is loaded. Called by the constructor where
    /// <see cref="ModelDescription.PreparedBytes"/> is not 0; <see cref="Weights"/> can be read.
    /// </summary>
    /// <param name="prepared">Where the results go: <see cref="ModelDescription.PreparedBytes"/> bytes, 64-byte aligned.</param>
    /// <param name="workers">Threads to use.</param>
    protected virtual void Prepare(byte* prepared, Workers workers)
    {
    }

    private static WeightFile? LoadWeights(ModelDescription description, ModelOptions options)
    {
        if (description.WeightBytes == 0)
        {
            return null;
        }

        byte[] identity = Convert.FromHexString(description.Identity);
        if (options.WeightsPath == null && description.EmbeddedWeights is { } open)
        {
            return WeightFile.FromResource($"embedded in {description.Name}", open, identity, description.WeightBytes, options.VerifyWeights);
        }

        string path = options.WeightsPath ?? Path.Combine(AppContext.BaseDirectory, description.WeightFile);
        return WeightFile.Load(path, identity, description.WeightBytes, description.ColdWeightBytes, options.VerifyWeights, options.WeightMemory, options.Threads ?? WorkerPool.Shared.Threads);
    }

    private void ReleaseWhenUnused()
    {
        if (_disposed && _sessions == 0)
        {
            Weights = null;
            Prepared = null;
            _weights?.Dispose();
            _prepared?.Dispose();
        }
    }
}
