using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Cameo.Vectors;

namespace Cameo.Tests.Infrastructure;

/// <summary>
/// Runs this test assembly again in a child process whose vectors are narrower. The child runs every test with the trait
/// <c>Widths=all</c>, or those another filter picks; one of them asserts the width, so that a switch the runtime ignores does not pass unnoticed.
/// </summary>
internal static partial class VectorWidthRunner
{
    /// <summary>Set in a child: the width it must find, in bits.</summary>
    public const string ExpectedBitsVariable = "CAMEO_TEST_VECTOR_BITS";

    /// <summary>Set in a child: whether it must find fused multiply-add.</summary>
    public const string ExpectedFusedVariable = "CAMEO_TEST_VECTOR_FUSED";

    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(15);

    /// <summary>Runs the child and returns the number of tests that passed.</summary>
    /// <param name="setting">The width.</param>
    /// <param name="filter">Which tests to run.</param>
    /// <exception cref="InvalidOperationException">A test failed or the child did not finish; the message holds its output.</exception>
    public static int Run(VectorWidthSetting setting, string filter = "Widths=all")
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add("test");
        start.ArgumentList.Add(typeof(VectorWidthRunner).Assembly.Location);
        start.ArgumentList.Add("--filter");
        start.ArgumentList.Add(filter);
        foreach ((string name, string value) in Variables(setting))
        {
            start.Environment[name] = value;
        }

        // What the surrounding test run set for its own host must not reach the child's.
        start.Environment.Remove("VSTEST_HOST_DEBUG");
        start.Environment.Remove("CAMEO_DUMP");
        start.Environment.Remove("MSBuildSDKsPath");

        (int exitCode, string output) = RunToEnd(start);
        Match passed = PassedCount().Match(output);
        return exitCode == 0 && passed.Success
            ? int.Parse(passed.Groups[1].ValueSpan, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"The tests with {setting} ended with exit code {exitCode}:\n{output}");
    }

    /// <summary>The environment variables of a setting, for tests that start a program of their own.</summary>
    public static IEnumerable<(string Name, string Value)> Variables(VectorWidthSetting setting)
    {
        bool arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
        (string name, string value, int bits, bool fused) = setting switch
        {
            VectorWidthSetting.Preferred256 => ("DOTNET_PreferredVectorBitWidth", "256", 256, VectorWidth.HasFusedMultiplyAdd),
            VectorWidthSetting.Preferred128 => ("DOTNET_PreferredVectorBitWidth", "128", 128, VectorWidth.HasFusedMultiplyAdd),
            VectorWidthSetting.WithoutAvx2 => ("DOTNET_EnableAVX2", "0", 128, arm),
            VectorWidthSetting.WithoutIntrinsics => ("DOTNET_EnableHWIntrinsic", "0", 32, false),
            _ => throw new ArgumentOutOfRangeException(nameof(setting), setting, null),
        };
        yield return (name, value);
        yield return (ExpectedBitsVariable, Math.Min(bits, VectorWidth.Bits).ToString(CultureInfo.InvariantCulture));
        yield return (ExpectedFusedVariable, fused ? "1" : "0");
    }

    private static (int ExitCode, string Output) RunToEnd(ProcessStartInfo start)
    {
        var output = new StringBuilder();
        void Append(object sender, DataReceivedEventArgs line)
        {
            lock (output)
            {
                output.AppendLine(line.Data);
            }
        }

        using Process child = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");
        child.OutputDataReceived += Append;
        child.ErrorDataReceived += Append;
        child.BeginOutputReadLine();
        child.BeginErrorReadLine();
        if (!child.WaitForExit(TimeLimit))
        {
            child.Kill(entireProcessTree: true);
            throw new InvalidOperationException($"The tests did not end within {TimeLimit}:\n{output}");
        }

        child.WaitForExit();
        return (child.ExitCode, output.ToString());
    }

    [GeneratedRegex(@"Passed:\s+(\d+)")]
    private static partial Regex PassedCount();
}
