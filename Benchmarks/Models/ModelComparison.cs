using System.Diagnostics;
using System.Runtime.InteropServices;
using Cameo.Benchmarks.Peers;
using Cameo.Sessions;
using Cameo.Tests.Models;

namespace Cameo.Benchmarks.Models;

/// <summary>Whole models against ONNX Runtime: the same file, the same inputs, the same number of threads, in turns.</summary>
internal static class ModelComparison
{
    private const int Rounds = 21;
    private const double TurnSeconds = 0.02;

    /// <summary>Measures models and prints a row for each and a line for each group.</summary>
    public static void Run(IEnumerable<ModelWork> works, int[] threadCounts)
    {
        Console.WriteLine("| model | threads | Cameo | ONNX Runtime | Cameo is faster by | load: Cameo | load: ONNX Runtime |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
        var ratios = new Dictionary<(string Group, int Threads), List<double>>();
        foreach (ModelWork work in works)
        {
            try
            {
                using CompiledModel model = OnnxCompiler.Build(work.Path).Load();
                foreach (int threads in threadCounts)
                {
                    double ratio = Measure(work, model, threads);
                    CollectionsMarshal.GetValueRefOrAddDefault(ratios, (work.Group, threads), out _) ??= [];
                    ratios[(work.Group, threads)].Add(ratio);
                }
            }
            catch (Exception exception) when (exception is NotSupportedException or InvalidOperationException)
            {
                Console.WriteLine($"| {work.Name} | | {exception.Message.Split('\n')[0]} | | | | |");
            }
        }

        Console.WriteLine();
        foreach (((string group, int threads), List<double> values) in ratios)
        {
            Console.WriteLine($"{group}, {threads} thread(s): geometric mean {Math.Exp(values.Average(Math.Log)):F2}×, smallest {values.Min():F2}×, {values.Count} models");
        }
    }

    private static unsafe double Measure(ModelWork work, CompiledModel model, int threads)
    {
        long start = Stopwatch.GetTimestamp();
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
        Dictionary<string, Tensor> inputs = work.MakeInputs(model);
        using var ours = new BoundRun(session, inputs);
        ours.Run();
        double loadOurs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;

        start = Stopwatch.GetTimestamp();
        using var theirs = new OnnxRuntimeSession(File.ReadAllBytes(work.Path), threads);
        Dictionary<string, OnnxRuntimeTensor> given = inputs.ToDictionary(
            static input => input.Key, static input => new OnnxRuntimeTensor((int)input.Value.ElementType, input.Value.Shape.ToArray(), input.Value.Bytes.ToArray()));
        Dictionary<string, OnnxRuntimeTensor> expected = theirs.Run(given);
        double loadTheirs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        for (int index = 0; index < model.Description.Outputs.Length; index++)
        {
            string name = model.Description.Outputs[index].Name;
            Compare(work, name, ours.Output(index), expected[name]);
        }

        using var bound = theirs.Bind(given);
        double once = Math.Max(Time(ours.Run), Time(theirs.RunBound));
        int repetitions = Math.Max(1, (int)(TurnSeconds / once));
        Timing[] timings = InterleavedRounds.Measure(
            Rounds,
            new("Cameo", _ => Repeat(ours.Run, repetitions)),
            new("ONNX Runtime", _ => Repeat(theirs.RunBound, repetitions)));
        double ratio = timings[1].Median / timings[0].Median;
        Console.WriteLine(
            $"| {work.Name} | {threads} | {Milliseconds(timings[0], repetitions)} | {Milliseconds(timings[1], repetitions)} | {timings[0].Ratio(timings[1])} | {loadOurs:F0} ms | {loadTheirs:F0} ms |");
        return ratio;
    }

    private static string Milliseconds(Timing timing, int repetitions) => $"{timing.Median / repetitions * 1e3:F3} / {timing.Fastest / repetitions * 1e3:F3} ms";

    private static double Time(Action run)
    {
        run();
        long start = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static void Repeat(Action run, int repetitions)
    {
        for (int count = 0; count < repetitions; count++)
        {
            run();
        }
    }

    private static void Compare(ModelWork work, string name, Tensor actual, OnnxRuntimeTensor expected)
    {
        if (!actual.Shape.SequenceEqual(expected.Shape) || (int)actual.ElementType != expected.ElementType)
        {
            throw new InvalidOperationException($"output '{name}' is {actual} here and [{string.Join(", ", expected.Shape)}] in ONNX Runtime");
        }

        if (actual.ElementType != ElementType.Float32)
        {
            return;
        }

        ReadOnlySpan<float> ours = actual.AsSpan<float>();
        ReadOnlySpan<float> theirs = MemoryMarshal.Cast<byte, float>(expected.Bytes);
        float largest = 0, difference = 0;
        for (int index = 0; index < ours.Length; index++)
        {
            largest = MathF.Max(largest, MathF.Abs(theirs[index]));
            difference = MathF.Max(difference, MathF.Abs(ours[index] - theirs[index]));
        }

        if (!(difference <= work.Tolerance * largest))
        {
            throw new InvalidOperationException($"output '{name}' differs from ONNX Runtime's by {difference}, the largest element being {largest}");
        }
    }
}
