using System.Diagnostics;

namespace Cameo.Tests.Package;

/// <summary>Runs the dotnet command in a folder.</summary>
internal static class DotNetCommand
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    // A test host passes its own settings on; they must not reach a build that is to be like a user's.
    private static readonly string[] InheritedVariables = ["MSBUILD_EXE_PATH", "MSBuildSDKsPath", "MSBuildExtensionsPath", "MSBuildLoadMicrosoftTargetsReadOnly", "VSTEST_CONNECTION_TIMEOUT"];

    /// <summary>The command's output; fails with it unless the exit code is zero.</summary>
    public static string Run(string folder, IReadOnlyDictionary<string, string> environment, params string[] arguments)
        => Execute("dotnet", folder, environment, arguments);

    /// <summary>The output of a program; fails with it unless the exit code is zero.</summary>
    public static string Execute(string program, string folder, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string variable in InheritedVariables)
        {
            start.Environment.Remove(variable);
        }

        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} does not start.");
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(" ", arguments)} takes longer than {Limit}.");
        }

        string text = output.GetAwaiter().GetResult() + errors.GetAwaiter().GetResult();
        return process.ExitCode == 0
            ? text
            : throw new InvalidOperationException($"{program} {string.Join(" ", arguments)} ended with {process.ExitCode}:\n{text}");
    }
}
