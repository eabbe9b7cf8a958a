using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Planning;

/// <summary>Where each arena buffer lies and when it is in use.</summary>
internal sealed class MemoryPlan
{
    /// <summary>Places in the arena; buffers share one when each is overwritten in place by the next, or when they hold the same value of different repetitions.</summary>
    public required IReadOnlyList<ArenaSlot> Slots { get; init; }

    /// <summary>The slot of each arena buffer.</summary>
    public required IReadOnlyDictionary<MemoryBuffer, int> SlotOf { get; init; }

    /// <summary>Whether all sizes are bounded, so that offsets are constants.</summary>
    public required bool IsStatic { get; init; }

    /// <summary>Bytes of the arena; 0 where it is laid out at run time.</summary>
    public required long ArenaBytes { get; init; }

    /// <summary>Bytes all buffers would take without sharing; 0 where sizes are not bounded.</summary>
    public required long BytesBeforePlanning { get; init; }

    /// <summary>The slot of each buffer that grows while the model runs.</summary>
    public required IReadOnlyDictionary<MemoryBuffer, int> PoolSlotOf { get; init; }

    /// <summary>Offsets of load-time results.</summary>
    public required IReadOnlyDictionary<MemoryBuffer, long> PreparedOffsets { get; init; }

    /// <summary>Bytes of load-time results.</summary>
    public required long PreparedBytes { get; init; }
}

/// <summary>A place in the arena.</summary>
/// <param name="Uses">What lies there, in order.</param>
/// <param name="Item">When it is in use, in steps that fold repetitions together.</param>
/// <param name="Offset">Bytes from the arena's start; 0 where that is computed at run time.</param>
internal sealed record ArenaSlot(IReadOnlyList<ArenaUse> Uses, ArenaItem Item, long Offset)
{
    public Dimension Bytes => Item.Bytes;

    /// <summary>Index of the kernel that writes it first.</summary>
    public int FirstKernel => Uses[0].FirstKernel;

    /// <summary>Index of the last kernel that uses it; the number of kernels for results.</summary>
    public int LastKernel => Uses.Max(use => use.LastKernel);
}

/// <summary>A use of a place in the arena: buffers that are each overwritten in place by the next.</summary>
/// <param name="Buffers">The buffers, in order.</param>
/// <param name="FirstKernel">Index of the kernel that writes the first one.</param>
/// <param name="LastKernel">Index of the last kernel that uses one; the number of kernels for results.</param>
internal sealed record ArenaUse(IReadOnlyList<MemoryBuffer> Buffers, int FirstKernel, int LastKernel);
