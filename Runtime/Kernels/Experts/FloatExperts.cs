using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Matrices [depth, columns] of float32, each as panels (<see cref="MatrixMultiply.Packed"/>), one after the other.</summary>
/// <param name="panels">The first expert's panels.</param>
/// <param name="depth">Rows of each matrix.</param>
/// <param name="columns">Columns of each matrix.</param>
public readonly unsafe struct FloatExperts(float* panels, nint depth, nint columns) : IExpertMatrices
{
    private readonly float* _panels = panels;

    /// <inheritdoc/>
    public nint Columns => columns;

    /// <inheritdoc/>
    public void Multiply(Workers workers, int expert, float* a, nint lda, float* c, nint rows, float* bias)
    {
        float* matrix = _panels + (expert * MatrixMultiply.PackedLength(columns, depth));
        if (bias == null)
        {
            MatrixMultiply.Packed(workers, a, lda, matrix, c, columns, rows, columns, depth, default(NoEpilogue));
        }
        else
        {
            MatrixMultiply.Packed(workers, a, lda, matrix, c, columns, rows, columns, depth, new ColumnBias(bias));
        }
    }
}
