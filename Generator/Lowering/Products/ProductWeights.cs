using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>The constant right operand of a product in panels of 32 columns, and the kernel that takes it.</summary>
internal abstract class ProductWeights
{
    /// <summary>Columns of a panel, as the kernels want them.</summary>
    public const int PanelWidth = 32;

    public abstract long Depth { get; }

    public abstract long Columns { get; }

    /// <summary>What the kernel reads.</summary>
    public abstract IReadOnlyList<View> Reads { get; }

    /// <summary>The kernel's kind in reports.</summary>
    public abstract string Kind { get; }

    /// <summary>"packed" or the elements' type, for reports.</summary>
    public abstract string Description { get; }

    /// <summary>What the kernel does to the left operand, for reports.</summary>
    public virtual string LeftNote => "";

    /// <summary>Whether panels of both can stand in one matrix.</summary>
    public abstract bool Fits(ProductWeights other);

    /// <summary>The panels of several matrices in one, one after the other or, where all have as many, in turn. The missing columns of a last panel stay columns of the result.</summary>
    public abstract ProductWeights Join(IReadOnlyList<ProductWeights> matrices, bool inTurn, LoweringContext context);

    /// <summary>Writes the call of the kernel.</summary>
    /// <param name="writer">The kernel's method.</param>
    /// <param name="left">The arguments "a, lda".</param>
    /// <param name="leftType">Elements of the left operand.</param>
    /// <param name="output">The arguments "c, ldc".</param>
    /// <param name="rows">Rows of the left operand.</param>
    /// <param name="outputType">Elements of the output.</param>
    /// <param name="epilogue">C# that constructs the epilogue.</param>
    public abstract void WriteCall(KernelWriter writer, string left, ElementType leftType, string output, string rows, ElementType outputType, string epilogue);

    /// <summary>Panels of one array of several matrices.</summary>
    protected static WeightExpression Join(IReadOnlyList<WeightExpression> panels, bool inTurn)
    {
        long count = panels.Sum(part => part.Shape[1]);
        IReadOnlyList<long> panel = [.. panels[0].Shape.Skip(2)];
        return inTurn
            ? new WeightReshape(
                new WeightConcatenation([.. panels.Select(part => new WeightReshape(part, [part.Shape[1], 1, .. panel]))], 1, [panels[0].Shape[1], panels.Count, .. panel]),
                [1, count, .. panel])
            : new WeightConcatenation(panels, 1, [1, count, .. panel]);
    }

    /// <summary>Columns of several matrices whose panels stand in one: all but the last panel count as whole.</summary>
    protected static long JoinedColumns(IReadOnlyList<ProductWeights> matrices)
    {
        long panels = matrices.Sum(matrix => (matrix.Columns + PanelWidth - 1) / PanelWidth);
        long rest = matrices[matrices.Count - 1].Columns % PanelWidth;
        return (panels * PanelWidth) - (rest == 0 ? 0 : PanelWidth - rest);
    }
}
