using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>A matrix for each expert.</summary>
public unsafe interface IExpertMatrices
{
    /// <summary>Columns of each matrix; 0 where there is none.</summary>
    nint Columns { get; }

    /// <summary>C[rows, columns] = A[rows, depth] · matrix of the expert + bias.</summary>
    /// <param name="workers">Threads to use; any number gives the same bits.</param>
    /// <param name="expert">The expert.</param>
    /// <param name="a">Left operand.</param>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="c">Output.</param>
    /// <param name="rows">Rows of A and C.</param>
    /// <param name="bias">[columns], or null.</param>
    void Multiply(Workers workers, int expert, float* a, nint lda, float* c, nint rows, float* bias);
}
