namespace Cameo.Descriptions;

/// <summary>What only tools ask of a compiled model: kernels, patterns, memory plan. It is made when it is asked for, and trimmed away in programs that never ask.</summary>
public sealed record ModelDetails
{
    /// <summary>Kernels in the order they first run; those of a repeated block are told once.</summary>
    public KernelDescription[] Kernels { get; init; } = [];

    /// <summary>Where each buffer lies in the arena; empty where that is computed at run time.</summary>
    public BufferDescription[] MemoryPlan { get; init; } = [];

    /// <summary>Spellings of the model that the compiler recognised.</summary>
    public PatternDescription[] Patterns { get; init; } = [];

    /// <summary>Spellings that resemble a pattern and were left as they are.</summary>
    public PatternDescription[] Misses { get; init; } = [];
}
