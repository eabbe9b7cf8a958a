using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Trilu: https://onnx.ai/onnx/operators/onnx__Trilu.html. Keeps the upper or lower triangle of matrices, from the k-th diagonal on; the rest is 0. A
/// comparison of column and row numbers, which fuses with its neighbours.</summary>
internal sealed class TriluOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new TriluOperator()];

    public override string Type => "Trilu";

    public override IReadOnlyList<int> Versions => [14];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.NumericBooleanOrText.Require(node, 0);
        if (node.Input(0).Shape.Rank < 2)
        {
            throw new ModelException(node, $"the input must be a matrix or a stack of matrices but has shape {node.Input(0).Shape}");
        }

        context.SetType(node.Output, node.Input(0).RequiredType);
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        Value x = node.Input(0);
        int rank = x.Shape.Rank;
        Value rows = context.Add("Unsqueeze", Positions(context, x, rank - 2), context.Integers(1));
        Value difference = context.Add("Sub", Positions(context, x, rank - 1), rows);
        Value diagonal = node.OptionalInput(1) ?? context.Literal(0, ElementType.Int64);
        string comparison = node.IntegerAttribute("upper", 1) != 0 ? "GreaterOrEqual" : "LessOrEqual";
        Value keeps = context.Add(comparison, difference, diagonal);
        context.Replace(node.Output, context.Add("Where", keeps, x, context.Literal(0, x.ElementType)));
        return true;
    }

    /// <summary>0, 1, … along an axis.</summary>
    private static Value Positions(ExpansionContext context, Value x, int axis)
    {
        Value size = context.Add("Squeeze", context.Add("Shape", [("start", (long)axis), ("end", axis + 1L)], x));
        return context.Add("Range", context.Literal(0, ElementType.Int64), size, context.Literal(1, ElementType.Int64));
    }
}
