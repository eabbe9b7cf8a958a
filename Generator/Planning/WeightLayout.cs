using Cameo.Generator.Lowering;
using Cameo.Generator.Outlining;

namespace Cameo.Generator.Planning;

/// <summary>
/// Orders the packed weights: first those that several repetitions of a block share, then the others as kernels read them, so that each repetition's weights lie at the same
/// distance from those of the one before; last those that runs read little or nothing of (large tables that are only looked up, and what constants are computed from at load), which
/// may stay in the file while all others are read into memory.
/// </summary>
internal static class WeightLayout
{
    private const long Alignment = 64;

    /// <summary>A large page. Less is not worth a mapping.</summary>
    private const long MinimumColdBytes = 2 << 20;

    private enum Place
    {
        Shared = -1,
        InOrder = 0,
        Cold = 1,
    }

    public static void Run(LoweredModel model, KernelSchedule schedule, KernelSchedule loadSchedule)
    {
        var places = new Place[model.Weights.Count];
        MarkCold(model, schedule, loadSchedule, places);
        MarkShared(schedule, places);
        MarkShared(loadSchedule, places);
        if (places.All(place => place == Place.InOrder))
        {
            return;
        }

        long end = 0;
        long endOfWarm = 0;
        foreach (int index in Enumerable.Range(0, model.Weights.Count).OrderBy(index => places[index]))
        {
            long offset = (end + Alignment - 1) / Alignment * Alignment;
            model.Weights[index] = model.Weights[index] with { Offset = offset };
            end = offset + model.Weights[index].Bytes;
            endOfWarm = places[index] == Place.Cold ? endOfWarm : end;
        }

        model.WeightBytes = end;
        model.ColdWeightBytes = end - endOfWarm;
    }

    /// <summary>Tables that a run only looks up, and weights that it does not read at all. Tables of repetitions stay among the other weights, whose distances they share.</summary>
    private static void MarkCold(LoweredModel model, KernelSchedule schedule, KernelSchedule loadSchedule, Place[] places)
    {
        bool[] isReadAtLoad = FindReads(loadSchedule, places.Length, (kernel, _) => kernel.Reads);
        bool[] isRead = FindReads(schedule, places.Length, (kernel, isRepeated) => isRepeated ? kernel.Reads : kernel.Reads.Except(kernel.LookedUp));
        bool[] isLookedUp = FindReads(schedule, places.Length, (kernel, _) => kernel.LookedUp);
        bool IsCold(int weight) => !isRead[weight] && (isLookedUp[weight] ? model.Weights[weight].Bytes >= MinimumColdBytes : isReadAtLoad[weight]);
        int[] cold = [.. Enumerable.Range(0, places.Length).Where(IsCold)];
        if (cold.Sum(weight => model.Weights[weight].Bytes) < MinimumColdBytes)
        {
            return;
        }

        foreach (int weight in cold)
        {
            places[weight] = Place.Cold;
        }
    }

    /// <summary>Which weights some kernel reads.</summary>
    private static bool[] FindReads(KernelSchedule schedule, int count, Func<Kernel, bool, IEnumerable<View>> reads)
    {
        var isRead = new bool[count];
        foreach (CallSite site in schedule.Sites)
        {
            foreach (int weight in site.Kernels.SelectMany(kernel => Weights(reads(schedule.Template(kernel).Kernel, site.IsRepeated))))
            {
                isRead[weight] = true;
            }
        }

        return isRead;
    }

    /// <summary>Weights that repetitions of the same kernel have in common.</summary>
    private static void MarkShared(KernelSchedule schedule, Place[] places)
    {
        foreach (CallSite site in schedule.Sites.Where(site => site.IsRepeated))
        {
            var seen = new HashSet<int>();
            foreach (int weight in site.Kernels.SelectMany(kernel => Weights(schedule.Template(kernel).Kernel.Reads)))
            {
                // What is cold may lie at one place for all repetitions as well.
                if (!seen.Add(weight) && places[weight] != Place.Cold)
                {
                    places[weight] = Place.Shared;
                }
            }
        }
    }

    private static IEnumerable<int> Weights(IEnumerable<View> views) =>
        views.Where(view => view.Buffer.Kind == MemoryKind.Weights).Select(view => view.Buffer.Index).Distinct();
}
