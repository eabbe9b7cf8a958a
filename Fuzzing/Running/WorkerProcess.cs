using System.Diagnostics;
using System.Globalization;
using System.Text;
using Cameo.Fuzzing.Checking;

namespace Cameo.Fuzzing.Running;

/// <summary>A child process that checks batches of seeds. What takes it down or makes it hang is known by the last stage it told.</summary>
internal sealed class WorkerProcess : IDisposable
{
    // The largest graphs take a few seconds at each stage on a busy machine.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(150);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly VectorSetting _width;

    public WorkerProcess(VectorSetting width, IReadOnlyCollection<string> only)
    {
        _width = width;
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [typeof(WorkerProcess).Assembly.Location, FuzzingWorker.Mode, .. only])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_gcConcurrent"] = "0";
        if (width.Variable.Length > 0)
        {
            start.Environment[width.Variable] = width.Value;
        }

        _process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                _errors.AppendLine(line.Data);
            }
        };
        _process.BeginErrorReadLine();
    }

    /// <summary>Whether it can take another batch.</summary>
    public bool IsAlive { get; private set; } = true;

    /// <summary>Verdicts of a batch; all seeds have one unless the process ended before.</summary>
    public List<SeedVerdict> Check(IReadOnlyList<int> seeds)
    {
        List<SeedVerdict> verdicts = [];
        int current = seeds[0];
        string stage = "start";
        try
        {
            _process.StandardInput.WriteLine(string.Join(' ', seeds));
            while (true)
            {
                using var time = new CancellationTokenSource(Silence);
                string? line = _process.StandardOutput.ReadLineAsync(time.Token).AsTask().GetAwaiter().GetResult();
                switch (line)
                {
                    case null:
                        throw new IOException("The process ended.");
                    case FuzzingWorker.DoneLine:
                        return verdicts;
                    case var _ when line.StartsWith(FuzzingWorker.StagePrefix, StringComparison.Ordinal):
                        string[] parts = line[FuzzingWorker.StagePrefix.Length..].Split(' ');
                        (current, stage) = (int.Parse(parts[0], CultureInfo.InvariantCulture), parts[1]);
                        break;
                    case var _ when line.StartsWith(FuzzingWorker.VerdictPrefix, StringComparison.Ordinal):
                        verdicts.Add(Parse(line[FuzzingWorker.VerdictPrefix.Length..]));
                        break;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            bool hung = exception is OperationCanceledException;
            Stop();
            string errors;
            lock (_errors)
            {
                errors = string.Join(' ', _errors.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Take(120));
            }

            // Graphs are made with ONNX Runtime alone.
            VerdictKind kind = stage == "generate" ? VerdictKind.NoReference : hung ? VerdictKind.Hung : VerdictKind.Crashed;
            return [new SeedVerdict(current, new Verdict(kind, $"at stage {stage}: {errors}"), 0, _width)];
        }
    }

    public void Dispose() => Stop();

    private SeedVerdict Parse(string text)
    {
        string[] parts = text.Split(' ', 4);
        return new SeedVerdict(
            int.Parse(parts[0], CultureInfo.InvariantCulture), new Verdict(Enum.Parse<VerdictKind>(parts[1]), parts[3]), int.Parse(parts[2], CultureInfo.InvariantCulture), _width);
    }

    private void Stop()
    {
        IsAlive = false;
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.WaitForExit();
    }
}
