using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>CumSum: https://onnx.ai/onnx/operators/onnx__CumSum.html. Sums along an axis that is known at build time, from its end with <c>reverse</c>, without the element itself with
/// <c>exclusive</c>. 16-bit floating-point numbers are added in float32.</summary>
internal sealed class CumSumOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new CumSumOperator()];

    public override string Type => "CumSum";

    public override IReadOnlyList<int> Versions => [11, 14];

    public override void Infer(Node node, InferenceContext context)
    {
        SearchText.Require(node, 0);
        if (context.RequiredIntegers(node, 1, "the axis") is not [var axis])
        {
            throw new ModelException(node, $"the axis is {node.Input(1).Type} and not one number");
        }

        ShapeMath.Axis(node, axis, node.Input(0).Shape.Rank);
        context.SetType(node.Output, node.Input(0).RequiredType);
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (SearchText.Widen(node.Input(0), context) is not { } wide)
        {
            return false;
        }

        context.Replace(node.Output, new Formula(context).Cast(context.AddLike(node, wide, node.Input(1)), node.Output.ElementType));
        return true;
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        View to = context.Write(node.Output);
        int axis = ShapeMath.Axis(node, node.Input(1).Elements![0].Constant, from.Rank);
        string reverse = KernelText.Boolean(node.IntegerAttribute("reverse", 0) != 0);
        string exclusive = KernelText.Boolean(node.IntegerAttribute("exclusive", 0) != 0);
        context.Add(new Kernel("cumulative sum", node, [from], [to], writer => writer.Line(
            $"Search.CumulativeSum(Workers, {writer.Pointer(from)}, {SearchText.Sizes(writer, from.Shape, axis)}, {reverse}, {exclusive}, {writer.Pointer(to)});"))
        {
            Summary = $"along axis {axis} of {from.Shape}",
        });
    }
}
