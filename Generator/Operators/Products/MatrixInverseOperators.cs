using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>Det: https://onnx.ai/onnx/operators/onnx__Det.html, and Inverse of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. Stacks of
/// square matrices; computed in float64.</summary>
internal sealed class MatrixInverseOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new MatrixInverseOperators("", "Det", [11, 22]), new MatrixInverseOperators(PointwiseFunction.MicrosoftDomain, "Inverse", [1])];

    private MatrixInverseOperators(string domain, string type, int[] versions)
    {
        Domain = domain;
        Type = type;
        Versions = versions;
    }

    public override string Domain { get; }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        Shape shape = node.Input(0).Shape;
        if (shape.Rank < 2 || (shape[shape.Rank - 1] - shape[shape.Rank - 2]).Value is not (null or 0))
        {
            throw new ModelException(node, $"the input must be a square matrix or a stack of them but has shape {shape}");
        }

        if ((shape[shape.Rank - 1] - shape[shape.Rank - 2]) is { IsStatic: false } difference)
        {
            context.Require(difference, 0, $"columns that the matrices of {node} have more than rows");
        }

        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, Type == "Det" ? new Shape([.. shape.Take(shape.Rank - 2)]) : shape));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (SearchText.Widen(node.Input(0), context) is not { } wide)
        {
            return false;
        }

        context.Replace(node.Output, new Formula(context).Cast(context.AddCopy(node, wide).Output, node.Output.ElementType));
        return true;
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        View to = context.Write(node.Output);
        Dimension size = from.Shape[from.Rank - 1];
        View scratch = context.Scratch(node, ElementType.Float64, new Shape([size * size * (Type == "Det" ? 1 : 2)]));
        string method = Type == "Det" ? "Determinants" : "Inverses";
        context.Add(new Kernel("linear algebra", node, [from], [to, scratch], writer => writer.Line(
            $"MatrixInverse.{method}({writer.Pointer(from)}, {writer.Size(from.Shape.Product(0, from.Rank - 2))}, {writer.Size(size)}, {writer.Pointer(scratch)}, {writer.Pointer(to)});"))
        {
            Summary = $"{from.Shape}",
        });
    }
}
