namespace Cameo.Kernels;

/// <summary>
/// One direction of a recurrent network over a batch of sequences. The products of the inputs with their weights, biases included, have been computed for all steps; gates lie
/// side by side in ONNX's order. All rows of the hidden size are contiguous.
/// </summary>
public unsafe struct RecurrentArguments
{
    /// <summary>Steps of the longest sequence.</summary>
    public required nint Steps;

    /// <summary>Sequences.</summary>
    public required nint Batch;

    /// <summary>Elements of the hidden state.</summary>
    public required nint Hidden;

    /// <summary>Whether sequences run from their last step to the first.</summary>
    public bool IsReverse;

    /// <summary>Input products [step, batch, gates · hidden].</summary>
    public required float* Projections;

    /// <summary>Elements from a step's input products to the next step's.</summary>
    public required nint ProjectionStep;

    /// <summary>Elements from a sequence's input products to the next sequence's.</summary>
    public required nint ProjectionRow;

    /// <summary>Recurrence weights [hidden, gates · hidden] as panels (<see cref="MatrixMultiply.Packed"/>); for a GRU that resets before the product without the hidden gate's.</summary>
    public float* Recurrence;

    /// <summary>The recurrence weights as 8-bit integers, in <see cref="Int8Format"/>, in place of <see cref="Recurrence"/>.</summary>
    public NarrowMatrix NarrowRecurrence;

    /// <summary>Whether hidden states are rounded to 8 bits, with one scale for all sequences, before their product with the recurrence weights.</summary>
    public bool QuantizesState;

    /// <summary>The attention whose state the gates see beside the hidden state; none by default.</summary>
    public RecurrentAttention Attention;

    /// <summary>The hidden gate's recurrence weights of a GRU that resets before the product, as panels; else null.</summary>
    public float* HiddenRecurrence;

    /// <summary>The hidden gate's recurrence bias of a GRU that resets after the product, or null.</summary>
    public float* HiddenBias;

    /// <summary>Peephole weights of an LSTM for its input, output and forget gates, or null.</summary>
    public float* Peepholes;

    /// <summary>Steps of each sequence, or null where all have all.</summary>
    public int* Lengths;

    /// <summary>Hidden states [batch, hidden] to begin with, or null for zeros.</summary>
    public float* InitialHidden;

    /// <summary>Cells [batch, hidden] to begin with, or null for zeros.</summary>
    public float* InitialCell;

    /// <summary>Receives the hidden state of every step; zeros behind a sequence's end. Null where nobody reads it.</summary>
    public float* Outputs;

    /// <summary>Elements from a step's output to the next step's.</summary>
    public nint OutputStep;

    /// <summary>Elements from a sequence's output to the next sequence's.</summary>
    public nint OutputRow;

    /// <summary>Receives the last hidden states [batch, hidden]; holds the current ones meanwhile.</summary>
    public required float* State;

    /// <summary>Receives the last cells [batch, hidden] of an LSTM; holds the current ones meanwhile.</summary>
    public float* Cell;

    /// <summary>Scratch memory [batch, gates · hidden].</summary>
    public required float* Products;

    /// <summary>Scratch memory [batch, hidden] of a GRU that resets before the product, and where states are quantised.</summary>
    public float* Reset;

    /// <summary>Arguments of activations are cut to ±this; infinite for none.</summary>
    public required float Clip;

    /// <summary>Whether an LSTM's forget gate is what its input gate leaves.</summary>
    public bool CouplesInputAndForget;

    /// <summary>The gates' function.</summary>
    public required GateActivation Gate;

    /// <summary>The candidate's function.</summary>
    public GateActivation Candidate;

    /// <summary>The function of an LSTM's cell on its way out.</summary>
    public GateActivation Result;
}
