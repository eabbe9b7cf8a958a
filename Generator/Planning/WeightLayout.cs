using Cameo.Generator.Lowering;
using Cameo.Generator.Outlining;

namespace Cameo.Generator.Planning;

/// <summary>
/// Orders the packed weights: first those that several repetitions of a block share, then the others as kernels read them, so that each repetition's weights lie at the same
/// distance from those of the one before; last large tables that are only looked up, which may stay on disk while all others are read into memory.
/// </summary>
internal static class WeightLayout
{
    private const long Alignment = 64;

    /// <summary>A large page. Smaller tables are not worth a mapping.</summary>
    private const long MinimumTableBytes = 2 << 20;

    private enum Place
    {
        Shared = -1,
        InOrder = 0,
        Table = 1,
    }

    public static void Run(LoweredModel model, KernelSchedule schedule, KernelSchedule loadSchedule)
    {
        var places = new Place[model.Weights.Count];
        (KernelSchedule Kernels, CallSite Site)[] sites = [.. schedule.Sites.Select(site => (schedule, site)), .. loadSchedule.Sites.Select(site => (loadSchedule, site))];
        MarkTables(model, sites, places);
        MarkShared(sites, places);
        if (places.All(place => place == Place.InOrder))
        {
            return;
        }

        long end = 0;
        long endBeforeTables = 0;
        foreach (int index in Enumerable.Range(0, model.Weights.Count).OrderBy(index => places[index]))
        {
            long offset = (end + Alignment - 1) / Alignment * Alignment;
            model.Weights[index] = model.Weights[index] with { Offset = offset };
            end = offset + model.Weights[index].Bytes;
            endBeforeTables = places[index] == Place.Table ? endBeforeTables : end;
        }

        model.WeightBytes = end;
        model.LookedUpWeightBytes = end - endBeforeTables;
    }

    /// <summary>Weights that every kernel that reads them only looks up. Those of repetitions stay among the others, whose distances they share.</summary>
    private static void MarkTables(LoweredModel model, (KernelSchedule Kernels, CallSite Site)[] sites, Place[] places)
    {
        var isRead = new bool[places.Length];
        foreach ((KernelSchedule kernels, CallSite site) in sites)
        {
            foreach (Kernel kernel in site.Kernels.Select(index => kernels.Template(index).Kernel))
            {
                foreach (int weight in Weights(kernel.LookedUp))
                {
                    places[weight] = Place.Table;
                }

                foreach (int weight in Weights(site.IsRepeated ? kernel.Reads : kernel.Reads.Except(kernel.LookedUp)))
                {
                    isRead[weight] = true;
                }
            }
        }

        for (int weight = 0; weight < places.Length; weight++)
        {
            if (isRead[weight] || model.Weights[weight].Bytes < MinimumTableBytes)
            {
                places[weight] = Place.InOrder;
            }
        }
    }

    /// <summary>Weights that repetitions of the same kernel have in common.</summary>
    private static void MarkShared((KernelSchedule Kernels, CallSite Site)[] sites, Place[] places)
    {
        foreach ((KernelSchedule kernels, CallSite site) in sites.Where(pair => pair.Site.IsRepeated))
        {
            var seen = new HashSet<int>();
            foreach (int weight in site.Kernels.SelectMany(kernel => Weights(kernels.Template(kernel).Kernel.Reads)))
            {
                if (!seen.Add(weight))
                {
                    places[weight] = Place.Shared;
                }
            }
        }
    }

    private static IEnumerable<int> Weights(IEnumerable<View> views) =>
        views.Where(view => view.Buffer.Kind == MemoryKind.Weights).Select(view => view.Buffer.Index).Distinct();
}
