using Cameo.Generator.Lowering;
using Cameo.Generator.Outlining;

namespace Cameo.Generator.Planning;

/// <summary>
/// Orders the packed weights: first those that several repetitions of a block share, then the others as kernels read them. So each repetition's weights lie at the same
/// distance from those of the one before.
/// </summary>
internal static class WeightLayout
{
    private const long Alignment = 64;

    public static void Run(LoweredModel model, KernelSchedule schedule, KernelSchedule loadSchedule)
    {
        if (schedule.Sites.Concat(loadSchedule.Sites).All(site => !site.IsRepeated))
        {
            return;
        }

        bool[] isShared = FindShared(model, schedule, loadSchedule);
        long end = 0;
        foreach (int index in Enumerable.Range(0, model.Weights.Count).OrderByDescending(index => isShared[index]))
        {
            long offset = (end + Alignment - 1) / Alignment * Alignment;
            model.Weights[index] = model.Weights[index] with { Offset = offset };
            end = offset + model.Weights[index].Bytes;
        }

        model.WeightBytes = end;
    }

    /// <summary>Weights that repetitions of the same kernel have in common.</summary>
    private static bool[] FindShared(LoweredModel model, KernelSchedule schedule, KernelSchedule loadSchedule)
    {
        var isShared = new bool[model.Weights.Count];
        foreach ((KernelSchedule kernels, CallSite site) in schedule.Sites.Select(site => (schedule, site)).Concat(loadSchedule.Sites.Select(site => (loadSchedule, site))).Where(pair => pair.site.IsRepeated))
        {
            var seen = new HashSet<int>();
            foreach (int kernel in site.Kernels)
            {
                foreach (int weight in kernels.Template(kernel).Kernel.Reads.Where(view => view.Buffer.Kind == MemoryKind.Weights).Select(view => view.Buffer.Index).Distinct())
                {
                    isShared[weight] |= !seen.Add(weight);
                }
            }
        }

        return isShared;
    }
}
