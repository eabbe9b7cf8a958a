using System.Globalization;

namespace Cameo.ModelRunner;

/// <summary>Measures what code allocates on the managed heap, on whichever thread.</summary>
internal static class Allocations
{
    private const int Rounds = 5;

    /// <summary>Null where the action allocates nothing once it has run before, else what is wrong.</summary>
    public static string? Find(Action action)
    {
        action();
        long least = long.MaxValue;

        // The runtime's own threads allocate now and then; an allocation of the action's is there in every round.
        for (int round = 0; round < Rounds && least > 0; round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            action();
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        return least == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{least} bytes are allocated");
    }
}
