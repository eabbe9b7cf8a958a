using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Cameo.Benchmarks.Peers;

/// <summary>Restores the other engines' native libraries from npm packages, all in one folder beside the sources.</summary>
internal static class NpmPackages
{
    private static readonly string[] Packages = [$"onnxruntime-node@{OnnxRuntimePackage.Version}", $"@node-llama-cpp/linux-x64@{LlamaCppPackage.PackageVersion}"];

    /// <summary>Folder of the packages' files.</summary>
    public static string Folder { get; } = Path.Combine(ProjectFolder(), "node_modules");

    /// <summary>The file if it is there, else after the packages were restored.</summary>
    /// <exception cref="InvalidOperationException">npm is missing or failed, or the packages do not hold the file.</exception>
    public static string Find(params string[] path)
    {
        string file = Path.Combine([Folder, .. path]);
        if (!File.Exists(file))
        {
            Install();
        }

        return File.Exists(file) ? file : throw new InvalidOperationException($"The npm packages {string.Join(", ", Packages)} do not hold {file}.");
    }

    private static void Install()
    {
        // Both at once: npm removes what it was not asked for. Without install scripts: they would download GPU providers.
        string[] arguments = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--no-package-lock", "--prefix", ProjectFolder(), .. Packages];
        using Process process = Process.Start("npm", arguments);
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"npm ended with exit code {process.ExitCode}.");
        }
    }

    private static string ProjectFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(Path.GetDirectoryName(file))!;
}
