using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Cameo.Benchmarks.Peers;

/// <summary>Restores ONNX Runtime's native library from its npm package and says where it lies.</summary>
internal static class OnnxRuntimePackage
{
    /// <summary>Version of the package.</summary>
    public const string Version = "1.30.0";

    /// <summary>Path of the native library; restores the package when it is not there yet.</summary>
    /// <exception cref="InvalidOperationException">npm is missing or failed.</exception>
    public static string Restore()
    {
        string folder = ProjectFolder();
        string architecture = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64";
        string library = Path.Combine(folder, "node_modules", "onnxruntime-node", "bin", "napi-v6", "linux", architecture, "libonnxruntime.so.1");
        if (!File.Exists(library))
        {
            Install(folder);
        }

        return File.Exists(library) ? library : throw new InvalidOperationException($"The package onnxruntime-node {Version} does not hold {library}.");
    }

    private static void Install(string folder)
    {
        // Without its install script: that would download GPU providers.
        string[] arguments = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--prefix", folder, $"onnxruntime-node@{Version}"];
        using Process process = Process.Start("npm", arguments);
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"npm ended with exit code {process.ExitCode}.");
        }
    }

    private static string ProjectFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(Path.GetDirectoryName(file))!;
}
