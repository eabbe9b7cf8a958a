using System.Diagnostics;

namespace Cameo.Benchmarks;

/// <summary>
/// Measures contestants in turn, round after round, so that whatever else the machine does hits all of them alike.
/// </summary>
internal static class InterleavedRounds
{
    /// <summary>Times one turn of each contestant, round after round.</summary>
    /// <param name="rounds">Number of rounds; two more come before, unmeasured.</param>
    /// <param name="contestants">What to compare. Turns should take a few milliseconds, so that the scheduler's slices hit all alike.</param>
    public static Timing[] Measure(int rounds, params Contestant[] contestants)
    {
        var seconds = new double[contestants.Length][];
        for (int index = 0; index < contestants.Length; index++)
        {
            seconds[index] = new double[rounds];
            contestants[index].Run(0);
            contestants[index].Run(1);
        }

        for (int round = 0; round < rounds; round++)
        {
            for (int turn = 0; turn < contestants.Length; turn++)
            {
                // Another one begins each round, so that none always runs after the same neighbour.
                int index = (turn + round) % contestants.Length;
                long start = Stopwatch.GetTimestamp();
                contestants[index].Run(round);
                seconds[index][round] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }
        }

        return [.. seconds.Select(Timing.Of)];
    }
}
