using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>FusedMatMul of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. alpha · A' · B' with the last two axes of A or B
/// swapped where <c>transA</c> and <c>transB</c> say so; <c>transBatchA</c> and <c>transBatchB</c> are refused.</summary>
internal sealed class FusedMatMulOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new FusedMatMulOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "FusedMatMul";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        ElementTypeSet.RequireEqual(node, 0, 1);
        if (node.IntegerAttribute("transBatchA", 0) != 0 || node.IntegerAttribute("transBatchB", 0) != 0)
        {
            throw ModelException.Unsupported(node, "transBatchA and transBatchB are not supported");
        }

        Shape shape = MatMulOperator.ResultShape(node, Operand(node, 0, "transA"), Operand(node, 1, "transB"));
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, shape));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value product = context.Add("MatMul", Transposed(node, 0, "transA", formula), Transposed(node, 1, "transB", formula));
        float alpha = node.FloatAttribute("alpha", 1);
        context.Replace(node.Output, alpha == 1 ? product : formula.Multiply(product, formula.Number(alpha, product)));
        return true;
    }

    private static bool IsTransposed(Node node, int input, string attribute) => node.IntegerAttribute(attribute, 0) != 0 && node.Input(input).Shape.Rank > 1;

    private static Shape Operand(Node node, int input, string attribute)
    {
        Dimension[] sizes = [.. node.Input(input).Shape];
        if (IsTransposed(node, input, attribute))
        {
            int last = sizes.Length - 1;
            (sizes[last - 1], sizes[last]) = (sizes[last], sizes[last - 1]);
        }

        return new Shape(sizes);
    }

    private static Value Transposed(Node node, int input, string attribute, Formula formula)
    {
        Value value = node.Input(input);
        int rank = value.Shape.Rank;
        return IsTransposed(node, input, attribute)
            ? formula.Transpose(value, [.. Enumerable.Range(0, rank - 2), rank - 1, rank - 2])
            : value;
    }
}
