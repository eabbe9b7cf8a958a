using Cameo.Generator.Graphs;

namespace Cameo.Generator.Planning;

/// <summary>A place in the arena while it is planned: slots that hold the same value of different repetitions of a block, or one slot.</summary>
/// <param name="slots">The slots, in order of first use.</param>
/// <param name="bytes">Size of each.</param>
/// <param name="first">First step at which one is in use.</param>
/// <param name="last">Last step at which one is in use.</param>
internal sealed class ArenaItem(IReadOnlyList<int> slots, Dimension bytes, int first, int last)
{
    public IReadOnlyList<int> Slots { get; } = slots;

    public Dimension Bytes { get; } = bytes;

    public int First { get; } = first;

    public int Last { get; } = last;

    /// <summary>First step between <see cref="First"/> and <see cref="Last"/> at which nothing is held.</summary>
    public int IdleFrom { get; init; } = 1;

    /// <summary>Last such step; less than <see cref="IdleFrom"/> where there is none.</summary>
    public int IdleTo { get; init; }

    public bool Idles => IdleFrom <= IdleTo;
}
