using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Outlining;

namespace Cameo.Generator.Planning;

/// <summary>What a report says in one line: a use of the arena, or those of all repetitions of a block.</summary>
/// <param name="Buffers">What lies there the first time; each buffer is overwritten in place by the next.</param>
/// <param name="Bytes">Size of the place.</param>
/// <param name="FirstKernel">Index of the kernel that writes it first, the first time.</param>
/// <param name="LastKernel">Index of the last kernel that uses it, the first time.</param>
/// <param name="Offset">Bytes from the arena's start, the first time.</param>
/// <param name="Repetitions">Number of times.</param>
/// <param name="Period">Kernels from one time to the next; 0 where there is one time only, or where the distances differ.</param>
/// <param name="OffsetStep">Bytes from each time's place to the next; 0 where it is the same.</param>
internal sealed record ArenaSeries(IReadOnlyList<MemoryBuffer> Buffers, Dimension Bytes, int FirstKernel, int LastKernel, long Offset, int Repetitions, int Period, long OffsetStep)
{
    /// <summary>All uses of a plan, ordered by place.</summary>
    public static IReadOnlyList<ArenaSeries> Of(MemoryPlan plan, KernelSchedule schedule)
    {
        var all = new List<ArenaSeries>();
        foreach (var group in plan.Slots.GroupBy(slot => slot.FirstKernel < schedule.Count ? schedule.Site(slot.FirstKernel) : null))
        {
            ArenaSlot[] slots = [.. group];

            // Of a repeated kernel every slot may be that of one repetition.
            if (group.Key is { IsRepeated: true } && slots.Length > 2 && TryMerge(slots) is { } series)
            {
                all.Add(series);
            }
            else
            {
                all.AddRange(slots.Select(Describe));
            }
        }

        return [.. all.OrderBy(series => series.Offset).ThenBy(series => series.FirstKernel)];
    }

    private static ArenaSeries? TryMerge(ArenaSlot[] slots)
    {
        int period = slots[1].FirstKernel - slots[0].FirstKernel;
        long step = slots[1].Offset - slots[0].Offset;
        bool follows = Enumerable.Range(1, slots.Length - 1).All(index => slots[index].Uses.Count == 1 && slots[0].Uses.Count == 1 && slots[index].Bytes == slots[0].Bytes
            && slots[index].FirstKernel - slots[index - 1].FirstKernel == period && slots[index].Offset - slots[index - 1].Offset == step);
        return follows && period > 0 ? Describe(slots[0]) with { Repetitions = slots.Length, Period = period, OffsetStep = step } : null;
    }

    private static ArenaSeries Describe(ArenaSlot slot)
    {
        int[] distances = [.. slot.Uses.Skip(1).Select((use, index) => use.FirstKernel - slot.Uses[index].FirstKernel).Distinct()];
        ArenaUse first = slot.Uses[0];
        return new(first.Buffers, slot.Bytes, first.FirstKernel, first.LastKernel, slot.Offset, slot.Uses.Count, distances.Length == 1 ? distances[0] : 0, 0);
    }
}
