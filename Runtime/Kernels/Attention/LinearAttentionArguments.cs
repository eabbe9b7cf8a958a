namespace Cameo.Kernels;

/// <summary>Operands of <see cref="LinearAttention.Run"/>, all float32 and contiguous.</summary>
public unsafe struct LinearAttentionArguments
{
    /// <summary>Queries [batch, sequence, query heads, key size].</summary>
    public float* Query;

    /// <summary>Keys [batch, sequence, key heads, key size].</summary>
    public float* Key;

    /// <summary>Values [batch, sequence, state heads, value size].</summary>
    public float* Value;

    /// <summary>The state to begin with [batch, state heads, key size, value size]; null for zeros. May be <see cref="State"/> itself.</summary>
    public float* Past;

    /// <summary>Logarithms of decays [batch, sequence, state heads, decay size]; null for none.</summary>
    public float* Decay;

    /// <summary>Rates of the delta rule [batch, sequence, rates]; null to add values as they are.</summary>
    public float* Beta;

    /// <summary>The results [batch, sequence, max(query heads, state heads), value size].</summary>
    public float* Output;

    /// <summary>The state after the last step [batch, state heads, key size, value size].</summary>
    public float* State;

    /// <summary>Room for a value of each state head [batch, state heads, value size].</summary>
    public float* Scratch;

    /// <summary>Rows of the batch.</summary>
    public nint Batch;

    /// <summary>Steps.</summary>
    public nint Sequence;

    /// <summary>Heads of the queries.</summary>
    public nint QueryHeads;

    /// <summary>Heads of the keys, which several state heads may share.</summary>
    public nint KeyHeads;

    /// <summary>Heads of values and states.</summary>
    public nint StateHeads;

    /// <summary>Elements of a query and a key.</summary>
    public nint KeySize;

    /// <summary>Elements of a value.</summary>
    public nint ValueSize;

    /// <summary>Decays of a head: 1, or one for each element of a key.</summary>
    public nint DecaySize;

    /// <summary>Rates of a step: 1, or one for each state head.</summary>
    public nint Rates;

    /// <summary>Factor of the results.</summary>
    public float Scale;
}
