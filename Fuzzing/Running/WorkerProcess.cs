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

    /// <summary>Verdicts of a batch; all graphs have one unless the process ended before.</summary>
    public List<SeedVerdict> Check(IReadOnlyList<string> keys)
    {
        List<SeedVerdict> verdicts = [];
        string current = keys[0];
        string stage = "start";
        try
        {
            _process.StandardInput.WriteLine(string.Join(' ', keys));
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
                        (current, stage) = (parts[0], parts[1]);
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
            VerdictKind kind = stage.StartsWith(FuzzingWorker.GenerateStage, StringComparison.Ordinal) ? VerdictKind.NoReference : hung ? VerdictKind.Hung : VerdictKind.Crashed;
            verdicts.Add(new SeedVerdict(current, new Verdict(kind, $"at stage {stage}: {errors}"), 0, _width));
            return verdicts;
        }
    }

    public void Dispose() => Stop();

    private SeedVerdict Parse(string text)
    {
        string[] parts = text.Split(' ', 4);
        return new SeedVerdict(
            parts[0], new Verdict(Enum.Parse<VerdictKind>(parts[1]), parts[3]), int.Parse(parts[2], CultureInfo.InvariantCulture), _width);
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
