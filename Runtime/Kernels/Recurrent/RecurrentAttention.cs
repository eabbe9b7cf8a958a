using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>
/// Bahdanau's attention around a recurrent cell: after a step its hidden state asks for places of a memory, align = softmax(v · tanh(keys + query)), and their mean, or a layer over it and the hidden
/// state, is what the gates of the next step see too. A default value is no attention.
/// </summary>
public unsafe struct RecurrentAttention
{
    // Of a hyperbolic tangent and its sum, about twenty operations.
    private const int AlignmentCost = 20;

    /// <summary>Elements of the attention's state; 0 for no attention.</summary>
    public nint Size;

    /// <summary>The attention's state [batch, size]: zeros before the first step.</summary>
    public float* State;

    /// <summary>What the gates make of it: weights [size, gates · hidden] as panels (<see cref="MatrixMultiply.Packed"/>).</summary>
    public float* InputWeights;

    /// <summary>Weights [hidden, depth] that make queries of hidden states.</summary>
    public float* QueryWeights;

    /// <summary>Keys [batch, places, depth] of the memory.</summary>
    public float* Keys;

    /// <summary>The vector [depth] that weighs them.</summary>
    public float* Vector;

    /// <summary>The memory [batch, places, memory depth].</summary>
    public float* Memory;

    /// <summary>Places that count, from the first on, or null for all.</summary>
    public int* Lengths;

    /// <summary>Weights [hidden + memory depth, size] of a layer over hidden state and mean; null where the mean is the state.</summary>
    public float* LayerWeights;

    /// <summary>Scratch memory [batch, depth + places + memory depth].</summary>
    public float* Scratch;

    /// <summary>Elements of a query.</summary>
    public nint Depth;

    /// <summary>Places of the memory.</summary>
    public nint Places;

    /// <summary>Elements of a place of the memory.</summary>
    public nint MemoryDepth;

    /// <summary>Clears the state and checks lengths.</summary>
    internal readonly void Begin(nint batch, string name)
    {
        if (Size == 0)
        {
            return;
        }

        new Span<float>(State, checked((int)(batch * Size))).Clear();
        for (nint row = 0; Lengths != null && row < batch; row++)
        {
            if (Lengths[row] < 1 || Lengths[row] > Places)
            {
                throw new DimensionOutOfBoundsException($"length of memory {row} of {name}", Lengths[row], 1, Places, "");
            }
        }
    }

    /// <summary>Adds the products of the state with its weights.</summary>
    internal readonly void Multiply(Workers workers, float* products, nint batch, nint columns)
    {
        if (Size > 0)
        {
            MatrixMultiply.Packed(workers, State, Size, InputWeights, products, columns, batch, columns, Size, new AddedRows(products, columns));
        }
    }

    /// <summary>Makes the next state of the hidden states.</summary>
    internal readonly void Update(Workers workers, float* hidden, nint batch, nint hiddenSize)
    {
        if (Size > 0)
        {
            var loop = new RecurrentAttentionLoop(this, hidden, hiddenSize);
            Loops.Rows(workers, ref loop, batch, (Places * Depth * AlignmentCost) + (hiddenSize * (Depth + Size)) + (MemoryDepth * (Places + Size)));
        }
    }
}
