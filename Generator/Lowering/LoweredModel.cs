using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>A graph as kernels over memory: what planning places and emission writes.</summary>
internal sealed class LoweredModel
{
    private const long WeightAlignment = 64;

    private readonly List<MemoryBuffer> _weightBuffers = [];

    /// <summary>Kernels of a run, in order.</summary>
    public List<Kernel> Kernels { get; } = [];

    /// <summary>Kernels that run once at load, in order.</summary>
    public List<Kernel> LoadKernels { get; } = [];

    /// <summary>Tensors of the packed weight file.</summary>
    public List<WeightEntry> Weights { get; } = [];

    /// <summary>Bytes of the packed weights.</summary>
    public long WeightBytes { get; set; }

    /// <summary>Bytes at the end of the packed weights that runs read little or nothing of: what is only looked up (<see cref="Kernel.LookedUp"/>), and what only load kernels read.</summary>
    public long ColdWeightBytes { get; set; }

    /// <summary>Where each graph output lies; null for the present of a state.</summary>
    public List<View?> Outputs { get; } = [];

    /// <summary>Sequences and optionals of a session.</summary>
    public List<SequenceVariable> Sequences { get; } = [];

    /// <summary>Where the graph's outputs that are sequences or optionals are: indices of <see cref="Sequences"/>.</summary>
    public List<int> ContainerOutputs { get; } = [];

    /// <summary>Buffers of load-time results, in order of first write.</summary>
    public List<MemoryBuffer> Prepared { get; } = [];

    /// <summary>Adds a tensor to the weight file.</summary>
    public MemoryBuffer AddWeight(string name, WeightExpression expression)
    {
        var buffer = new MemoryBuffer(name, MemoryKind.Weights, expression.ElementType, expression.Count) { Index = Weights.Count };
        Weights.Add(new WeightEntry(name, Align(WeightBytes), expression));
        WeightBytes = Weights[buffer.Index].Offset + Weights[buffer.Index].Bytes;
        _weightBuffers.Add(buffer);
        return buffer;
    }

    /// <summary>Orders tensors of the weight file as kernels read them: these stand where <paramref name="place"/> stands.</summary>
    public void MoveWeights(IReadOnlyList<View> weights, View place)
    {
        foreach (MemoryBuffer buffer in weights.Select(view => view.Buffer).Where(buffer => buffer.Index > place.Buffer.Index))
        {
            WeightEntry entry = Weights[buffer.Index];
            int target = place.Buffer.Index;
            Weights.RemoveAt(buffer.Index);
            _weightBuffers.RemoveAt(buffer.Index);
            Weights.Insert(target, entry);
            _weightBuffers.Insert(target, buffer);
            Number();
        }
    }

    /// <summary>Removes tensors that no kernel reads any more.</summary>
    public void RemoveWeights(HashSet<MemoryBuffer> weights)
    {
        var unread = new HashSet<MemoryBuffer>(weights);
        unread.ExceptWith(Kernels.Concat(LoadKernels).SelectMany(kernel => kernel.Reads).Select(view => view.Buffer));
        for (int index = Weights.Count - 1; index >= 0 && unread.Count > 0; index--)
        {
            if (unread.Contains(_weightBuffers[index]))
            {
                Weights.RemoveAt(index);
                _weightBuffers.RemoveAt(index);
            }
        }

        Number();
        WeightBytes = 0;
        for (int index = 0; index < Weights.Count; index++)
        {
            Weights[index] = Weights[index] with { Offset = Align(WeightBytes) };
            WeightBytes = Weights[index].Offset + Weights[index].Bytes;
        }
    }

    private static long Align(long offset) => (offset + WeightAlignment - 1) / WeightAlignment * WeightAlignment;

    private void Number()
    {
        for (int index = 0; index < _weightBuffers.Count; index++)
        {
            _weightBuffers[index].Index = index;
        }
    }
}
