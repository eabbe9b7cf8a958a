namespace Cameo.Generator.Outlining;

/// <summary>A part of a sequence of kernels, told by positions in the first repetition of whatever contains it.</summary>
internal abstract record ScheduleNode(int Start)
{
    /// <summary>Number of kernels, with all repetitions.</summary>
    public abstract int Length { get; }
}

/// <summary>One kernel.</summary>
internal sealed record ScheduleStep(int Start) : ScheduleNode(Start)
{
    public override int Length => 1;
}

/// <summary>Kernels that repeat.</summary>
/// <param name="Start">Position of the first kernel.</param>
/// <param name="Count">Number of whole repetitions.</param>
/// <param name="Period">Kernels of one repetition, with all the repetitions within it.</param>
/// <param name="Remainder">Kernels of one more repetition that is cut off; 0 where there is none.</param>
/// <param name="Body">The first repetition.</param>
internal sealed record ScheduleLoop(int Start, int Count, int Period, int Remainder, IReadOnlyList<ScheduleNode> Body) : ScheduleNode(Start)
{
    public override int Length => Count * Period + Remainder;

    /// <summary>What of the body the repetition that is cut off does.</summary>
    public IReadOnlyList<ScheduleNode> CutBody => [.. Body.TakeWhile(node => node.Start + node.Length <= Start + Remainder)];

    /// <summary>How often a part of the body is done.</summary>
    public int CountOf(ScheduleNode node) => node.Start + node.Length <= Start + Remainder ? Count + 1 : Count;
}
