using System.Diagnostics;

namespace Cameo.Benchmarks;

/// <summary>
/// Measures contestants in turn, round after round, so that whatever else the machine does hits all of them alike; results are medians over the rounds.
/// </summary>
internal static class InterleavedRounds
{
    /// <summary>Median seconds of one unit of work of each contestant.</summary>
    public static double[] Measure(int rounds, int unitsPerRound, params Contestant[] contestants)
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
                for (int unit = 0; unit < unitsPerRound; unit++)
                {
                    contestants[index].Run((round * unitsPerRound) + unit);
                }

                seconds[index][round] = Stopwatch.GetElapsedTime(start).TotalSeconds / unitsPerRound;
            }
        }

        return [.. seconds.Select(Median)];
    }

    private static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
