using System.Runtime.InteropServices;

namespace Cameo.Benchmarks.Peers;

/// <summary>llama.cpp's <c>llama_batch</c>: tokens to be appended.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaBatch
{
    public int Count;
    public int* Tokens;
    public float* Embeddings;
    public int* Positions;
    public int* SequenceCounts;
    public int** Sequences;

    /// <summary>Whether each token's logits are wanted; null for the last one's alone.</summary>
    public sbyte* Logits;
}
