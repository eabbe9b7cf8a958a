using Cameo.Tests.Infrastructure;

namespace Cameo.Tests.Package;

/// <summary>Packs both packages under a version of their own into a feed that is a folder. What is restored from it goes into a folder of the fixture, too.</summary>
public sealed class PackageFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public PackageFixture()
    {
        Version = FormattableString.Invariant($"0.1.0-test.{DateTime.UtcNow:yyyyMMddHHmmss}.{System.Environment.ProcessId}");
        foreach (string project in (string[])["Generator", "Runtime"])
        {
            DotNetCommand.Run(
                TestData.Repository, Environment, "pack", Path.Combine(project, project + ".csproj"), "-c", "Release", "-v", "q", $"-p:Version={Version}",
                "--artifacts-path", _folder.File("artifacts"), "-o", Feed);
        }

        // The machine's sources stay; the feed comes on top.
        File.WriteAllText(_folder.File("NuGet.config"), $"""
            <configuration>
              <packageSources>
                <add key="cameo-test" value="{Feed}" />
              </packageSources>
            </configuration>
            """);
    }

    /// <summary>Never seen before, so that nothing of an earlier run can be taken for this one.</summary>
    public string Version { get; }

    /// <summary>
    /// Build nodes that live on would hold the package's assemblies, and a package folder of the machine's own would keep every test's version for ever. What the machine
    /// has restored already is still used.
    /// </summary>
    internal IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["MSBUILDDISABLENODEREUSE"] = "1",
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
    };

    internal IReadOnlyDictionary<string, string> ConsumerEnvironment => new Dictionary<string, string>(Environment)
    {
        ["NUGET_PACKAGES"] = _folder.File("packages"),
        ["NUGET_FALLBACK_PACKAGES"] = System.Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile), ".nuget", "packages"),
    };

    private string Feed => _folder.File("feed");

    /// <summary>A new folder for a project that knows the feed.</summary>
    public string CreateFolder(string name) => Directory.CreateDirectory(_folder.File(name)).FullName;

    public void Dispose() => _folder.Dispose();
}
