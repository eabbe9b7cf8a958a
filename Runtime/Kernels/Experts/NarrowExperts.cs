using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Matrices of narrow weights: each array of the experts lies one after the other, as <see cref="NarrowMatrix"/> has it.</summary>
/// <typeparam name="TFormat">Format of the weights.</typeparam>
/// <param name="first">The first expert's matrix.</param>
/// <param name="quantizesActivations">Whether left operands are rounded to int8, as the model allows.</param>
public readonly unsafe struct NarrowExperts<TFormat>(NarrowMatrix first, bool quantizesActivations) : IExpertMatrices
    where TFormat : struct, INarrowFormat
{
    private readonly NarrowMatrix _first = first;

    /// <inheritdoc/>
    public nint Columns => _first.Columns;

    /// <inheritdoc/>
    public void Multiply(Workers workers, int expert, float* a, nint lda, float* c, nint rows, float* bias)
    {
        NarrowMatrix matrix = Matrix(expert);
        if (bias == null)
        {
            Multiply(workers, matrix, a, lda, c, rows, default(NoEpilogue));
        }
        else
        {
            Multiply(workers, matrix, a, lda, c, rows, new ColumnBias(bias));
        }
    }

    private void Multiply<TEpilogue>(Workers workers, in NarrowMatrix matrix, float* a, nint lda, float* c, nint rows, TEpilogue epilogue)
        where TEpilogue : struct, IEpilogue
    {
        if (quantizesActivations)
        {
            NarrowMatrixMultiply.PackedDynamic<TFormat, float, float, TEpilogue>(workers, a, lda, matrix, c, matrix.Columns, rows, epilogue);
        }
        else
        {
            NarrowMatrixMultiply.Packed<TFormat, float, float, TEpilogue>(workers, a, lda, matrix, c, matrix.Columns, rows, epilogue);
        }
    }

    private NarrowMatrix Matrix(int expert)
    {
        NarrowMatrix matrix = _first;
        nint panels = (matrix.Columns + NarrowMatrix.PanelColumns - 1) / NarrowMatrix.PanelColumns * NarrowMatrix.PanelColumns;
        nint words = panels * ((matrix.Depth + TFormat.ElementsPerWord - 1) / TFormat.ElementsPerWord);
        nint parameters = panels * matrix.Blocks;
        matrix.Words += expert * words;
        matrix.Scales = matrix.Scales == null ? null : matrix.Scales + (expert * parameters);
        matrix.HalfScales = matrix.HalfScales == null ? null : matrix.HalfScales + (expert * parameters);
        matrix.ZeroPoints = matrix.ZeroPoints == null ? null : matrix.ZeroPoints + (expert * parameters);
        matrix.FloatZeroPoints = matrix.FloatZeroPoints == null ? null : matrix.FloatZeroPoints + (expert * parameters);
        return matrix;
    }
}
