using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Cameo.Tests.Conformance;

/// <summary>A process that answers requests one after another. One that dies or does not answer in time is replaced by a new one for the next request.</summary>
internal sealed class ConformanceWorker(string mode, string argument, IReadOnlyDictionary<string, string> environment, TimeSpan limit) : IDisposable
{
    private const int KeptErrorCharacters = 4000;

    private readonly StringBuilder _errors = new();
    private Process? _process;

    /// <summary>The answer, or why there is none.</summary>
    public (TAnswer? Answer, Outcome? Failure) Ask<TRequest, TAnswer>(TRequest request)
        where TAnswer : class
    {
        Process process = _process ??= Start();
        try
        {
            process.StandardInput.WriteLine(JsonSerializer.Serialize(request));
            using var time = new CancellationTokenSource(limit);
            while (process.StandardOutput.ReadLineAsync(time.Token).AsTask().GetAwaiter().GetResult() is { } line)
            {
                if (line.StartsWith(ConformanceProgram.AnswerPrefix, StringComparison.Ordinal))
                {
                    return (JsonSerializer.Deserialize<TAnswer>(line.AsSpan(ConformanceProgram.AnswerPrefix.Length)), null);
                }
            }

            process.WaitForExit();
            string errors = Errors();
            Stop();
            return (null, Outcome.Because(OutcomeKind.Crashed, errors));
        }
        catch (OperationCanceledException)
        {
            Stop();
            return (null, Outcome.Because(OutcomeKind.TimedOut, $"no result after {limit.TotalSeconds} s"));
        }
        catch (IOException)
        {
            // It died before it read the request.
            process.WaitForExit(TimeSpan.FromSeconds(5));
            string errors = Errors();
            Stop();
            return (null, Outcome.Because(OutcomeKind.Crashed, errors));
        }
    }

    public void Dispose() => Stop();

    private Process Start()
    {
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [typeof(ConformanceWorker).Assembly.Location, mode, argument])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = Encoding.UTF8,
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        Process process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");
        lock (_errors)
        {
            _errors.Clear();
        }

        process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                if (_errors.Length < KeptErrorCharacters)
                {
                    _errors.AppendLine(line.Data);
                }
            }
        };
        process.BeginErrorReadLine();
        return process;
    }

    private string Errors()
    {
        lock (_errors)
        {
            return _errors.ToString();
        }
    }

    private void Stop()
    {
        if (_process is null)
        {
            return;
        }

        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
        _process = null;
    }
}
