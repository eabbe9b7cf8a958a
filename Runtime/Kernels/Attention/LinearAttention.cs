using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>
/// Attention without a softmax, as a recurrence over a matrix a head: S ← exp(decay) · S, v ← beta · (v - Sᵀk), S ← S + k vᵀ, result ← scale · Sᵀq, where decay and the correction
/// of the value are optional (linear attention, gated linear attention, the delta rule, the gated delta rule: https://arxiv.org/abs/2412.06464).
/// </summary>
public static class LinearAttention
{
    // A step reads and writes each element of the state about three times.
    private const long OperationsPerElement = 6;

    /// <summary>Runs all steps. A row of the batch and a head of the state are one thread's.</summary>
    /// <param name="workers">Threads to use.</param>
    /// <param name="arguments">The operands.</param>
    public static void Run(Workers workers, in LinearAttentionArguments arguments)
    {
        var loop = new LinearAttentionLoop(arguments);
        Loops.Rows(workers, ref loop, arguments.Batch * arguments.StateHeads, arguments.Sequence * arguments.KeySize * arguments.ValueSize * OperationsPerElement);
    }
}
