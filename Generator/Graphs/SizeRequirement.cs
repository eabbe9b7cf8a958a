namespace Cameo.Generator.Graphs;

/// <summary>What the compiler took for granted of a size that only a run knows; a run with another size is refused.</summary>
/// <param name="Size">The size.</param>
/// <param name="Value">What it must be.</param>
/// <param name="What">What it is the size of, and why it matters, for the message.</param>
internal sealed record SizeRequirement(Dimension Size, long Value, string What)
{
    /// <summary>Whether inference found it, and finds it again in every round: in an early one sizes may still be other expressions.</summary>
    public bool IsInferred { get; init; }
}
