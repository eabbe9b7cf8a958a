using System.Runtime.InteropServices;

namespace Cameo.Benchmarks.Peers;

/// <summary>llama.cpp 0.5.0's <c>llama_context_params</c>: the fields that are looked at; the others keep what the library sets.</summary>
[StructLayout(LayoutKind.Explicit, Size = 160)]
internal struct LlamaContextParameters
{
    [FieldOffset(0)]
    public uint Context;

    [FieldOffset(4)]
    public uint Batch;

    [FieldOffset(8)]
    public uint PhysicalBatch;

    [FieldOffset(12)]
    public uint Sequences;

    [FieldOffset(20)]
    public uint Outputs;

    [FieldOffset(24)]
    public uint OutputsPerSequence;

    [FieldOffset(28)]
    public int Threads;

    [FieldOffset(32)]
    public int BatchThreads;

    [FieldOffset(52)]
    public int FlashAttention;

    [FieldOffset(104)]
    public int KeyType;

    [FieldOffset(108)]
    public int ValueType;

    [FieldOffset(130)]
    public byte NoMeasurements;

    /// <summary>Whether the library's defaults lie where they are expected, that is, whether the layout fits.</summary>
    public readonly bool HasExpectedDefaults =>
        Context == 512 && Batch == 2048 && PhysicalBatch == 512 && Sequences == 1 && Threads == BatchThreads && Threads > 0 && FlashAttention == -1
        && KeyType == 1 && ValueType == 1 && NoMeasurements == 1;
}
