using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>MatMul: https://onnx.ai/onnx/operators/onnx__MatMul.html. numpy.matmul: leading axes broadcast, vectors lose their axis. Version 9 adds integers, version 13 bfloat16.</summary>
internal sealed class MatMulOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new MatMulOperator()];

    public override string Type => "MatMul";

    public override IReadOnlyList<int> Versions => [1, 9, 13];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Numeric.Require(node, 0);
        ElementTypeSet.RequireEqual(node, 0, 1);
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, ResultShape(node, node.Input(0).Shape, node.Input(1).Shape)));
    }

    /// <summary>numpy's rules: vectors lose their axis, leading axes broadcast.</summary>
    public static Shape ResultShape(Node node, Shape a, Shape b)
    {
        if (a.Rank == 0 || b.Rank == 0)
        {
            throw new ModelException(node, $"shapes {a} and {b} cannot be multiplied: scalars have no rows or columns");
        }

        Dimension depth = a[a.Rank - 1];
        Dimension rows = b[Math.Max(0, b.Rank - 2)];
        if ((depth - rows).Value is { } difference && difference != 0)
        {
            throw new ModelException(node, $"shapes {a} and {b} cannot be multiplied: {depth} columns meet {rows} rows");
        }

        Shape batch = ShapeMath.Broadcast(node, new Shape([.. a.Take(Math.Max(0, a.Rank - 2))]), new Shape([.. b.Take(Math.Max(0, b.Rank - 2))]));
        return new Shape([.. batch, .. a.Rank > 1 ? [a[a.Rank - 2]] : Array.Empty<Dimension>(), .. b.Rank > 1 ? [b[b.Rank - 1]] : Array.Empty<Dimension>()]);
    }
}
