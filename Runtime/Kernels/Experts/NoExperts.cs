using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>A product that experts do not have.</summary>
public readonly unsafe struct NoExperts : IExpertMatrices
{
    /// <inheritdoc/>
    public nint Columns => 0;

    /// <inheritdoc/>
    public void Multiply(Workers workers, int expert, float* a, nint lda, float* c, nint rows, float* bias) => throw new NotSupportedException();
}
