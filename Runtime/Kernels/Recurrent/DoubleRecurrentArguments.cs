namespace Cameo.Kernels;

/// <summary>
/// One direction of a recurrent network of float64 over a batch of sequences. The products of the inputs with their weights, biases included, have been computed for all steps; gates lie
/// side by side in ONNX's order. All rows of the hidden size are contiguous.
/// </summary>
public unsafe struct DoubleRecurrentArguments
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
    public required double* Projections;

    /// <summary>Elements from a step's input products to the next step's.</summary>
    public required nint ProjectionStep;

    /// <summary>Elements from a sequence's input products to the next sequence's.</summary>
    public required nint ProjectionRow;

    /// <summary>Recurrence weights [hidden, gates · hidden]; for a GRU that resets before the product without the hidden gate's.</summary>
    public required double* Recurrence;

    /// <summary>The hidden gate's recurrence weights [hidden, hidden] of a GRU that resets before the product; else null.</summary>
    public double* HiddenRecurrence;

    /// <summary>The hidden gate's recurrence bias of a GRU that resets after the product, or null.</summary>
    public double* HiddenBias;

    /// <summary>Peephole weights of an LSTM for its input, output and forget gates, or null.</summary>
    public double* Peepholes;

    /// <summary>Steps of each sequence, or null where all have all.</summary>
    public int* Lengths;

    /// <summary>Hidden states [batch, hidden] to begin with, or null for zeros.</summary>
    public double* InitialHidden;

    /// <summary>Cells [batch, hidden] to begin with, or null for zeros.</summary>
    public double* InitialCell;

    /// <summary>Receives the hidden state of every step; zeros behind a sequence's end. Null where nobody reads it.</summary>
    public double* Outputs;

    /// <summary>Elements from a step's output to the next step's.</summary>
    public nint OutputStep;

    /// <summary>Elements from a sequence's output to the next sequence's.</summary>
    public nint OutputRow;

    /// <summary>Receives the last hidden states [batch, hidden]; holds the current ones meanwhile.</summary>
    public required double* State;

    /// <summary>Receives the last cells [batch, hidden] of an LSTM; holds the current ones meanwhile.</summary>
    public double* Cell;

    /// <summary>Scratch memory [batch, gates · hidden].</summary>
    public required double* Products;

    /// <summary>Scratch memory [batch, hidden] of a GRU that resets before the product.</summary>
    public double* Reset;

    /// <summary>Arguments of activations are cut to ±this; infinite for none.</summary>
    public required double Clip;

    /// <summary>Whether an LSTM's forget gate is what its input gate leaves.</summary>
    public bool CouplesInputAndForget;

    /// <summary>The gates' function.</summary>
    public required GateActivation Gate;

    /// <summary>The candidate's function.</summary>
    public GateActivation Candidate;

    /// <summary>The function of an LSTM's cell on its way out.</summary>
    public GateActivation Result;
}
