using System.Runtime.InteropServices;

namespace Cameo.Benchmarks.Peers;

/// <summary>llama.cpp 0.5.0's <c>llama_model_params</c>: the fields that are looked at; the others keep what the library sets.</summary>
[StructLayout(LayoutKind.Explicit, Size = 80)]
internal struct LlamaModelParameters
{
    [FieldOffset(16)]
    public int GpuLayers;

    [FieldOffset(20)]
    public int SplitMode;

    [FieldOffset(24)]
    public int LoadMode;

    /// <summary>Whether weights may be packed anew for the processor.</summary>
    [FieldOffset(74)]
    public byte UseExtraBuffers;

    /// <summary>Whether the library's defaults lie where they are expected, that is, whether the layout fits.</summary>
    public readonly bool HasExpectedDefaults => GpuLayers == -1 && SplitMode == 1 && LoadMode == -1 && UseExtraBuffers == 1;
}
