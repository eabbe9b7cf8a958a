using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Cameo.Benchmarks.Models;

/// <summary>Adds up the time of each kernel of a model that <see cref="KernelProfile"/> compiled; called by the generated code.</summary>
public static class KernelClock
{
    private static readonly Dictionary<string, List<long>> Ticks = new(StringComparer.Ordinal);
    private static long s_start;

    /// <summary>Names of kernels in the order in which they first ran.</summary>
    public static List<string> Names { get; } = [];

    /// <summary>Before a kernel.</summary>
    public static void Start() => s_start = Stopwatch.GetTimestamp();

    /// <summary>After a kernel.</summary>
    public static void Stop(string name)
    {
        long ticks = Stopwatch.GetTimestamp() - s_start;
        ref List<long>? list = ref CollectionsMarshal.GetValueRefOrAddDefault(Ticks, name, out _);
        if (list is null)
        {
            list = [];
            Names.Add(name);
        }

        list.Add(ticks);
    }

    /// <summary>Forgets everything.</summary>
    public static void Reset()
    {
        Ticks.Clear();
        Names.Clear();
    }

    /// <summary>Seconds of a kernel in a run: the median of its calls times the calls in a run.</summary>
    public static double Seconds(string name, int runs)
    {
        List<long> ticks = Ticks[name];
        ticks.Sort();
        return ticks[ticks.Count / 2] * ((double)ticks.Count / runs) / Stopwatch.Frequency;
    }
}
