using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>A graph as kernels over memory: what planning places and emission writes.</summary>
internal sealed class LoweredModel
{
    /// <summary>Kernels of a run, in order.</summary>
    public List<Kernel> Kernels { get; } = [];

    /// <summary>Kernels that run once at load, in order.</summary>
    public List<Kernel> LoadKernels { get; } = [];

    /// <summary>Tensors of the packed weight file.</summary>
    public List<WeightEntry> Weights { get; } = [];

    /// <summary>Bytes of the packed weights.</summary>
    public long WeightBytes { get; set; }

    /// <summary>Where each graph output lies; null for the present of a state.</summary>
    public List<View?> Outputs { get; } = [];

    /// <summary>Buffers of load-time results, in order of first write.</summary>
    public List<MemoryBuffer> Prepared { get; } = [];
}
