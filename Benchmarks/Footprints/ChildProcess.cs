using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Cameo.Benchmarks.LanguageModels;
using Cameo.Benchmarks.Peers;
using Cameo.Sessions;
using Cameo.Tests.Models;

namespace Cameo.Benchmarks.Footprints;

/// <summary>This program once more, with one engine alone.</summary>
internal static class ChildProcess
{
    /// <summary>The command that <see cref="Follow"/> follows.</summary>
    public const string Command = "child";

    private const int PromptTokens = 128;
    private const int DecodedTokens = 16;
    private const int Runs = 3;

    /// <summary>Starts a child and gives what it measured.</summary>
    public static Footprint Start(ChildWork work)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, JsonSerializer.Serialize(work));
            using Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [.. Program(), Command, file]) { RedirectStandardOutput = true })!;
            string text = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0
                ? JsonSerializer.Deserialize<Footprint>(text)!
                : throw new InvalidOperationException($"The child process of {work.Engine} ended with exit code {process.ExitCode}.");
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>This program as the host's first argument, where it was not started by its own executable but as <c>dotnet Benchmarks.dll</c>.</summary>
    private static string[] Program()
    {
        string program = typeof(ChildProcess).Assembly.Location;
        return Path.GetFileNameWithoutExtension(Environment.ProcessPath) == Path.GetFileNameWithoutExtension(program) ? [] : [program];
    }

    /// <summary>What the child does.</summary>
    public static void Follow(string file)
    {
        ChildWork work = JsonSerializer.Deserialize<ChildWork>(File.ReadAllText(file))!;
        long start = Stopwatch.GetTimestamp();
        TimeSpan first = work.Shape.Length > 0 ? RunLanguageModel(work, start) : RunModel(work, start);
        Console.WriteLine(JsonSerializer.Serialize(new Footprint(first.TotalSeconds, PeakBytes())));
    }

    private static TimeSpan RunLanguageModel(ChildWork work, long start)
    {
        LlamaConfiguration shape = LlamaConfiguration.All.Single(shape => shape.Name == work.Shape);
        using LanguageEngine engine = work.Engine switch
        {
            "Cameo" => new CameoEngine(work.Built!.Load(), threads: 1),
            "llama.cpp" => new LlamaCppEngine(work.Path, shape, threads: 1),
            _ => new OnnxRuntimeEngine(work.Path, shape, threads: 1),
        };
        int[] tokens = LanguageModelGroup.Tokens(PromptTokens + DecodedTokens, shape.Vocabulary);
        engine.Feed(tokens.AsSpan(0, 1), 0);
        TimeSpan first = Stopwatch.GetElapsedTime(start);
        engine.Feed(tokens.AsSpan(0, PromptTokens), 0);
        for (int token = PromptTokens; token < tokens.Length; token++)
        {
            engine.Feed(tokens.AsSpan(token, 1), token);
        }

        return first;
    }

    private static TimeSpan RunModel(ChildWork work, long start)
    {
        if (work.Built is not null)
        {
            using CompiledModel model = work.Built.Load();
            using CompiledSession session = model.CreateSession(new SessionOptions { Threads = 1 });
            using var run = new BoundRun(session, work.Inputs.ToDictionary(static input => input.Name, Tensor));
            return Repeat(run.Run, start);
        }

        using var peer = new OnnxRuntimeSession(work.Path, threads: 1);
        using IDisposable bound = peer.Bind(work.Inputs.ToDictionary(static input => input.Name, static input => new OnnxRuntimeTensor(input.ElementType, input.Shape, File.ReadAllBytes(input.File))));
        return Repeat(peer.RunBound, start);
    }

    private static Tensor Tensor(ChildInput input)
    {
        var tensor = new Tensor((ElementType)input.ElementType, input.Shape);
        File.ReadAllBytes(input.File).CopyTo(tensor.Bytes);
        return tensor;
    }

    private static TimeSpan Repeat(Action run, long start)
    {
        run();
        TimeSpan first = Stopwatch.GetElapsedTime(start);
        for (int count = 0; count < Runs; count++)
        {
            run();
        }

        return first;
    }

    private static long PeakBytes()
    {
        string line = File.ReadLines("/proc/self/status").Single(static line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024;
    }
}
