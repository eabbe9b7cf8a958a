using System.Globalization;
using System.Runtime.InteropServices;
using Cameo.Benchmarks.Peers;
using Cameo.Vectors;

namespace Cameo.Benchmarks.Reports;

/// <summary>Where and with what figures were measured.</summary>
internal static class Conditions
{
    public static string[] Describe() =>
    [
        $"{Processor()}, {Environment.ProcessorCount} processor{(Environment.ProcessorCount > 1 ? "s" : "")} for this process, {VectorWidth.Bits}-bit vectors",
        $"{RuntimeInformation.OSDescription.Trim()}, {RuntimeInformation.FrameworkDescription}, tiered compilation off",
        $"ONNX Runtime {OnnxRuntimePackage.Version} (C interface, all graph optimisations, inputs and outputs bound, keys and values appended in place)",
        $"llama.cpp {LlamaCppPackage.Version} (C interface, back end and weight packing it chooses for the processor, flash attention automatic, threads that stay)",
        $"{DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}, load average {LoadAverage()}",
    ];

    private static string Processor()
    {
        const string key = "model name";
        string? line = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(static line => line.StartsWith(key, StringComparison.Ordinal)) : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':') + 1)..].Trim();
    }

    private static string LoadAverage() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[1] : "unknown";
}
