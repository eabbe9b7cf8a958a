using System.Text.RegularExpressions;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Models;
using Cameo.Tests.Package;
using Xunit;

namespace Cameo.Tests.Publishing;

/// <summary>Builds and publishes programs of this repository, each once, into a folder of its own, so that what the repository's folders hold stays as it is.</summary>
public sealed partial class PublishedPrograms : IDisposable
{
    public const string ModelRunner = "Generator.Tests/ModelRunner";
    public const string Demo = "Demo";

    // Build nodes that live on would hold the tasks' assembly.
    private static readonly Dictionary<string, string> Environment = new()
    {
        ["MSBUILDDISABLENODEREUSE"] = "1",
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        ["CAMEO_TEST_DATA"] = TestData.Root,
        ["CAMEO_REFUSED_MODELS"] = string.Join(';', ExpectedFailures.Folders),
    };

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _programs = new(StringComparer.Ordinal);

    /// <summary>The path of a program for the JIT.</summary>
    public string Publish(string project, string name)
    {
        if (!_programs.TryGetValue(name, out string? program))
        {
            RunDotNet("publish", project, "-o", _folder.File(name));
            program = _folder.File(Path.Combine(name, Executable(name)));
            _programs.Add(name, program);
        }

        return program;
    }

    /// <summary>The path of a program compiled ahead of time; skips the test where the machine can't do that. Warnings of any part of the compiler are errors.</summary>
    /// <param name="project">The project.</param>
    /// <param name="name">The program's name.</param>
    /// <param name="instructionSet">Instruction set to compile for; empty for the baseline of the architecture.</param>
    public string PublishAheadOfTime(string project, string name, string instructionSet)
    {
        string key = $"{name}-{(instructionSet.Length > 0 ? instructionSet : "baseline")}";
        if (_programs.TryGetValue(key, out string? program))
        {
            return program;
        }

        Skip.If(!OperatingSystem.IsWindows() && FindLinker() is null, "There is neither clang nor gcc, one of which links programs that are compiled ahead of time.");
        try
        {
            // Objects of another instruction set must not be taken for those of this one.
            string log = RunDotNet(
                "publish", project, "-p:CameoAot=true", $"-p:CameoInstructionSet={instructionSet}", "-p:ILLinkTreatWarningsAsErrors=true",
                $"-p:NativeIntermediateOutputPath={_folder.File(key + "-objects")}{Path.DirectorySeparatorChar}", "-o", _folder.File(key));
            Assert.DoesNotMatch(@"warning \w+\d+", log);
        }
        catch (InvalidOperationException exception) when (MissingCompiler().IsMatch(exception.Message))
        {
            throw new SkipException($"The ahead-of-time compiler can't be restored: {MissingCompiler().Match(exception.Message).Value}");
        }

        program = _folder.File(Path.Combine(key, Executable(name)));
        _programs.Add(key, program);
        return program;
    }

    public void Dispose() => _folder.Dispose();

    private static string Executable(string name) => OperatingSystem.IsWindows() ? name + ".exe" : name;

    private static string? FindLinker()
        => (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(static folder => new[] { Path.Combine(folder, "clang"), Path.Combine(folder, "gcc") })
            .FirstOrDefault(File.Exists);

    private string RunDotNet(string command, string project, params string[] arguments)
        => DotNetCommand.Run(
            TestData.Repository, Environment, [command, Path.Combine(TestData.Repository, project), "-c", "Release", "-v", "q", "--artifacts-path", _folder.File("artifacts"), .. arguments]);

    [GeneratedRegex(@"error NU\d+: .*ilcompiler.*", RegexOptions.IgnoreCase)]
    private static partial Regex MissingCompiler();
}
