using System.Diagnostics;

namespace Cameo.Benchmarks;

/// <summary>
/// Measures contestants in turn, round after round, so that whatever else the machine does hits all of them alike.
/// </summary>
internal static class InterleavedRounds
{
    // Threads of ONNX Runtime spin some 50 ms after a run, those of llama.cpp 100 ms and more. A share of a processor that is well above what an idle process takes, and well below one spinning thread.
    private const double IdleShare = 0.3;
    private const int MostPauses = 50;

    // The system counts a running thread's time when its timer ticks, every 4 or 10 ms: over less than a few ticks a spinning thread looks idle.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// Times one turn of each contestant, round after round. Before a turn all threads of the process come to rest: those that still spin after another contestant's turn would take the
    /// processors of this one's. Then it runs once unmeasured, which wakes its own threads, as in a process that has nothing else to do.
    /// </summary>
    /// <param name="rounds">Number of rounds; one more comes before, unmeasured.</param>
    /// <param name="contestants">What to compare. Turns should take a few milliseconds, so that the scheduler's slices hit all alike.</param>
    public static Timing[] Measure(int rounds, params Contestant[] contestants)
    {
        var seconds = new double[contestants.Length][];
        for (int index = 0; index < contestants.Length; index++)
        {
            seconds[index] = new double[rounds];
            contestants[index].Run(0);
        }

        for (int round = 0; round < rounds; round++)
        {
            for (int turn = 0; turn < contestants.Length; turn++)
            {
                // Another one begins each round, so that none always runs after the same neighbour.
                int index = (turn + round) % contestants.Length;
                Settle();
                (contestants[index].Wake ?? contestants[index].Run)(round);
                long start = Stopwatch.GetTimestamp();
                contestants[index].Run(round);
                seconds[index][round] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }
        }

        return [.. seconds.Select(Timing.Of)];
    }

    /// <summary>Waits until no thread of this process spins any more.</summary>
    private static void Settle()
    {
        for (int pause = 0; pause < MostPauses; pause++)
        {
            TimeSpan before = Environment.CpuUsage.TotalTime;
            long start = Stopwatch.GetTimestamp();
            Thread.Sleep(Pause);
            if ((Environment.CpuUsage.TotalTime - before) < IdleShare * Stopwatch.GetElapsedTime(start))
            {
                return;
            }
        }
    }
}
