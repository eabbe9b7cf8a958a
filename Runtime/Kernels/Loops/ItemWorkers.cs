using System.Runtime.CompilerServices;
using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>How <see cref="Workers"/> run an <see cref="IItemWork"/>.</summary>
internal static class ItemWorkers
{
    /// <summary>Runs all items of <paramref name="work"/> in <paramref name="parts"/> parts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void RunItems<TWork>(this Workers workers, in TWork work, nint items, int parts)
        where TWork : struct, IItemWork
    {
        var run = new ItemRun<TWork>(work, items, parts);
        workers.Run(ref run, parts);
    }
}
