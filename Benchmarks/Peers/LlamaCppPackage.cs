namespace Cameo.Benchmarks.Peers;

/// <summary>llama.cpp's native library, from the npm package that Node programs use it by.</summary>
internal static class LlamaCppPackage
{
    /// <summary>Version of the package.</summary>
    public const string PackageVersion = "3.22.1";

    /// <summary>Version of llama.cpp in it.</summary>
    public const string Version = "0.5.0";

    /// <summary>Path of the native library; restores the package when it is not there yet. The libraries it needs lie beside it.</summary>
    public static string Restore() => NpmPackages.Find("@node-llama-cpp", "linux-x64", "bins", "linux-x64", $"libllama.v{Version}.so");

    /// <summary>Path of the library that knows the back ends.</summary>
    public static string BackEnds => Path.Combine(Path.GetDirectoryName(Restore())!, $"libggml.v{Version}.so");
}
