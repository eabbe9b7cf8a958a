using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>CDist of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. Distances of all rows of A from all rows of B, <c>euclidean</c> or
/// <c>sqeuclidean</c>, as sums of squared differences (and not by a product of matrices, which cancels).</summary>
internal sealed class PairwiseDistanceOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new PairwiseDistanceOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "CDist";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        ElementTypeSet.RequireEqual(node, 0, 1);
        Shape a = node.Input(0).Shape, b = node.Input(1).Shape;
        if (a.Rank != 2 || b.Rank != 2 || (a[1] - b[1]).Value is not (null or 0))
        {
            throw new ModelException(node, $"rows of {a} and {b} have no distances");
        }

        if (node.StringAttribute("metric", "sqeuclidean") is not ("euclidean" or "sqeuclidean") and var metric)
        {
            throw ModelException.Unsupported(node, $"metric '{metric}' is not supported");
        }

        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape([a[0], b[0]])));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value rows = context.Add("Unsqueeze", formula.Widen(node.Input(0)), context.Integers(1));
        Value difference = formula.Subtract(rows, formula.Widen(node.Input(1)));
        Value squares = formula.Sum(formula.Multiply(difference, difference), [2], keepsAxes: false);
        Value distance = node.StringAttribute("metric", "sqeuclidean") == "euclidean" ? formula.Apply("Sqrt", squares) : squares;
        context.Replace(node.Output, formula.Cast(distance, node.Output.ElementType));
        return true;
    }
}
