using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>An operator that combines all elements along some axes with an associative operation. Fuses with its producers and consumers into a row loop.
/// Means and norms are no reductions: they expand into one and pointwise operators.</summary>
internal abstract class ReductionOperator : Operator
{
    /// <summary>Sum, Maximum, Minimum or Product.</summary>
    public abstract ReductionKind Kind { get; }

    /// <summary>The reduced axes, non-negative and ascending.</summary>
    public abstract IReadOnlyList<int> Axes(Node node);

    /// <summary>Whether reduced axes stay as axes of size 1.</summary>
    public abstract bool KeepsAxes(Node node);

    public override void Lower(Node node, LoweringContext context) => throw new InvalidOperationException("Reductions are lowered by loop fusion.");
}
