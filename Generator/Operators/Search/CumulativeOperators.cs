using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>CumSum and CumProd: https://onnx.ai/onnx/operators/onnx__CumSum.html, https://onnx.ai/onnx/operators/onnx__CumProd.html. Sums or products along an axis, from its end with
/// <c>reverse</c>, without the element itself with <c>exclusive</c>. The axis may be an input of the run. 16-bit floating-point numbers are combined in float32.</summary>
internal sealed class CumulativeOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new CumulativeOperators("CumSum", [11, 14]), new CumulativeOperators("CumProd", [26])];

    private CumulativeOperators(string type, int[] versions)
    {
        Type = type;
        Versions = versions;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    public override void Infer(Node node, InferenceContext context)
    {
        SearchText.Require(node, 0);
        if (context.RequiredElements(node, 1, "the axis") is not [var axis])
        {
            throw new ModelException(node, $"the axis is {node.Input(1).Type} and not one number");
        }

        int rank = node.Input(0).Shape.Rank;
        if (axis.Value is { } known)
        {
            ShapeMath.Axis(node, known, rank);
        }
        else
        {
            OpenAxes.Named(node, [axis], rank, context);
        }

        context.SetType(node.Output, node.Input(0).RequiredType);
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (SearchText.Widen(node.Input(0), context) is not { } wide)
        {
            return false;
        }

        context.Replace(node.Output, new Formula(context).Cast(context.AddCopy(node, wide, node.Input(1)).Output, node.Output.ElementType));
        return true;
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        View to = context.Write(node.Output);
        Dimension axis = SymbolicMath.FromStart(node.Input(1).Elements![0], from.Rank, context.Graph.Symbols);
        (Dimension outer, Dimension size, Dimension inner) = Around(from.Shape, axis, context.Graph.Symbols);
        string method = Type == "CumSum" ? "CumulativeSum" : "CumulativeProduct";
        string reverse = KernelText.Boolean(node.IntegerAttribute("reverse", 0) != 0);
        string exclusive = KernelText.Boolean(node.IntegerAttribute("exclusive", 0) != 0);
        context.Add(new Kernel(Type == "CumSum" ? "cumulative sum" : "cumulative product", node, [from], [to], writer => writer.Line(
            $"Search.{method}(Workers, {writer.Pointer(from)}, {writer.Size(outer)}, {writer.Size(size)}, {writer.Size(inner)}, {reverse}, {exclusive}, {writer.Pointer(to)});"))
        {
            Summary = $"along axis {axis} of {from.Shape}",
        });
    }

    /// <summary>The number of elements before, along and behind an axis that may be open.</summary>
    private static (Dimension Outer, Dimension Size, Dimension Inner) Around(Shape shape, Dimension axis, SymbolTable symbols)
    {
        if (axis.Value is { } known)
        {
            return (shape.Product(0, (int)known), shape[(int)known], shape.Product((int)known + 1, shape.Rank));
        }

        Dimension outer = Dimension.Zero, size = Dimension.Zero, inner = Dimension.Zero;
        Dimension[] named = OpenAxes.Named([axis], shape.Rank, symbols);
        for (int place = 0; place < shape.Rank; place++)
        {
            outer += named[place] * shape.Product(0, place);
            size += named[place] * shape[place];
            inner += named[place] * shape.Product(place + 1, shape.Rank);
        }

        return (outer, size, inner);
    }
}
