using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>A piece of memory that kernels read and write; views give it shapes.</summary>
internal sealed class MemoryBuffer(string name, MemoryKind kind, ElementType elementType, Dimension elements)
{
    /// <summary>A readable name: that of the value it was made for.</summary>
    public string Name { get; } = name;

    public MemoryKind Kind { get; set; } = kind;

    public ElementType ElementType { get; } = elementType;

    /// <summary>How many elements it holds.</summary>
    public Dimension Elements { get; } = elements;

    public Dimension Bytes => Elements * ElementType.Bytes();

    /// <summary>Index among the graph's inputs or states, or the entry in the weight recipe; -1 where it has no meaning.</summary>
    public int Index { get; set; } = -1;

    public override string ToString() => $"{Kind} \"{Name}\" {ElementType.OnnxName()} × {Elements}";
}

/// <summary>Where a buffer lies.</summary>
internal enum MemoryKind
{
    /// <summary>The session's arena, placed by liveness.</summary>
    Arena,

    /// <summary>A place of its own that grows when its size is known, which is while the model runs: what has data-dependent sizes.</summary>
    Pooled,

    /// <summary>The model's mapped weight file.</summary>
    Weights,

    /// <summary>Results of kernels that run once at load; shared by all sessions.</summary>
    Prepared,

    /// <summary>The caller's memory, for the time of a run.</summary>
    Input,

    /// <summary>A session's state that is a whole tensor: what a run reads.</summary>
    State,

    /// <summary>The tensor of a sequence of one; its index among the model's sequences is the buffer's.</summary>
    Sequence,

    /// <summary>Where a run leaves what the next one reads, for a state that each run replaces.</summary>
    NextState,
}
