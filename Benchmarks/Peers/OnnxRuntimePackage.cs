using System.Runtime.InteropServices;

namespace Cameo.Benchmarks.Peers;

/// <summary>ONNX Runtime's native library, from its npm package.</summary>
internal static class OnnxRuntimePackage
{
    /// <summary>Version of the package.</summary>
    public const string Version = "1.30.0";

    /// <summary>Path of the native library; restores the package when it is not there yet.</summary>
    public static string Restore() => NpmPackages.Find(
        "onnxruntime-node", "bin", "napi-v6", "linux", RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64", "libonnxruntime.so.1");
}
