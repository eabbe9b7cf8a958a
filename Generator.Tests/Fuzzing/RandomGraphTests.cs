using System.Diagnostics;
using Cameo.Tests.Infrastructure;
using Xunit;
using Xunit.Abstractions;

namespace Cameo.Tests.Fuzzing;

/// <summary>
/// A short run of the program that compares random graphs with ONNX Runtime (the project Fuzzing; docs/contributing.md tells how to run it for long). Graphs are those of fixed
/// seeds; a slow machine does fewer of them. Skipped where ONNX Runtime's library can't be had.
/// </summary>
public sealed class RandomGraphTests(ITestOutputHelper output)
{
    // What the program returns where there is no ONNX Runtime.
    private const int WithoutRuntime = 3;

    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(8);

    [SkippableTheory]
    [InlineData(1, "widest")]
    [InlineData(100_000, "128")]
    public void AgreeWithTheReference(int firstSeed, string vectors)
    {
        ProcessStartInfo start = new(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "Fuzzing.dll"), "--graphs", "80", "--seed", FormattableString.Invariant($"{firstSeed}"), "--seconds", "20", "--processes", "1", "--vectors", vectors,
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // A package source that does not answer must not hold up the tests.
        start.Environment["npm_config_fetch_retries"] = "0";
        start.Environment["npm_config_fetch_timeout"] = "60000";
        start.Environment.Remove(VectorWidthRunner.ExpectedBitsVariable);
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> text = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(TimeLimit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"The program did not end within {TimeLimit}.");
        }

        output.WriteLine(text.Result);
        Skip.If(process.ExitCode == WithoutRuntime, text.Result);
        Assert.True(process.ExitCode == 0, $"{text.Result}\n{errors.Result}");
        Assert.Contains(" 0 failures in ", text.Result, StringComparison.Ordinal);
        Assert.Contains("Passed: ", text.Result, StringComparison.Ordinal);
    }
}
