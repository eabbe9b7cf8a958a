using System.Diagnostics;

namespace Cameo.Benchmarks;

/// <summary>What is going on, on the error stream, so that tables can be piped.</summary>
internal static class Progress
{
    private static readonly long Start = Stopwatch.GetTimestamp();

    public static void Say(string text) => Console.Error.WriteLine($"[{Stopwatch.GetElapsedTime(Start):mm\\:ss}] {text}");
}
