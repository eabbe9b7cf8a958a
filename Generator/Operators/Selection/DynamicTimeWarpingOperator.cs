using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// DynamicTimeWarping of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. The cheapest way through a float32 matrix of costs, [rows, columns] or
/// [1, rows, columns]; its length is a size of the run.
/// </summary>
internal sealed class DynamicTimeWarpingOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new DynamicTimeWarpingOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "DynamicTimeWarping";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        Value costs = node.Input(0);
        Shape shape = costs.Shape;
        if (costs.ElementType != ElementType.Float32 || shape.Rank is not (2 or 3) || (shape.Rank == 3 && shape[0].Value is not (null or 1)))
        {
            throw new ModelException(node, $"the costs are {costs.Type} and not a float32 matrix");
        }

        if (shape.Rank == 3 && !shape[0].IsStatic)
        {
            context.Require(shape[0], 1, $"matrices of {node}");
        }

        Dimension length = context.DataSize(node, "length", shape[shape.Rank - 2] + shape[shape.Rank - 1]);
        context.SetType(node.Output, new TensorType(ElementType.Int32, new Shape([2, length])));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View costs = context.ReadContiguous(node.Input(0));
        Dimension rows = costs.Shape[costs.Rank - 2], columns = costs.Shape[costs.Rank - 1], length = DataSizes.Of(node, "length");
        View sums = context.Scratch(node, ElementType.Float32, new Shape([2, columns + 1]));
        View steps = context.Scratch(node, ElementType.UInt8, new Shape([rows + 1, columns + 1]));
        View to = context.Write(node.Output);
        context.Add(new Kernel("timewarping", node, [costs], [sums, steps], writer => writer.SetSize(
            length, $"TimeWarping.Find({writer.Pointer(costs)}, {writer.Size(rows)}, {writer.Size(columns)}, {writer.Pointer(sums)}, {writer.Pointer(steps)})"))
        {
            Sizes = DataSizes.Names(node),
        });
        context.Add(new Kernel("write", node, [steps], [to], writer => writer.Line(
            $"TimeWarping.Write({writer.Pointer(steps)}, {writer.Size(rows)}, {writer.Size(columns)}, {writer.Size(length)}, {writer.Pointer(to)});")));
    }
}
