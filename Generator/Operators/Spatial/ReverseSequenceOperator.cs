using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// ReverseSequence: https://onnx.ai/onnx/operators/onnx__ReverseSequence.html (version 10). Reverses the first steps of every sequence; steps and sequences are the first two axes, in either
/// order. Elements of any fixed size.
/// </summary>
internal sealed class ReverseSequenceOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new ReverseSequenceOperator()];

    public override string Type => "ReverseSequence";

    public override IReadOnlyList<int> Versions => [10];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Movable.Require(node, 0);
        SpatialText.RequireType(node, 1, ElementType.Int64);
        SpatialText.RequireRank(node, 1, 1, "the lengths");
        Shape shape = node.Input(0).Shape;
        if (shape.Rank < 2)
        {
            throw new ModelException(node, $"the input must have at least 2 axes but has shape {shape}");
        }

        SpatialText.RequireEqual(node, context, node.Input(1).Shape[0], shape[IsBatchFirst(node) ? 0 : 1], "the numbers of lengths and sequences");
        context.SetType(node.Output, node.Input(0).RequiredType);
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View input = context.ReadContiguous(node.Input(0));
        View lengths = context.ReadContiguous(node.Input(1));
        View output = context.Write(node.Output);
        bool isBatchFirst = IsBatchFirst(node);
        Dimension steps = input.Shape[isBatchFirst ? 1 : 0], sequences = input.Shape[isBatchFirst ? 0 : 1], bytes = input.Shape.Product(2, input.Rank) * input.ElementType.Bytes();
        context.Add(new Kernel("reverse", node, [input, lengths], [output], writer => writer.Line(
            $"SequenceReversal.Run(Workers, {KernelText.Bytes(writer, input)}, {writer.Size(steps)}, {writer.Size(sequences)}, {writer.Size(bytes)}, {writer.Pointer(lengths)}, " +
            $"{KernelText.Boolean(isBatchFirst)}, {KernelText.Bytes(writer, output)}, {KernelText.Name(node)});"))
        {
            Summary = $"{input.Shape}",
        });
    }

    private static bool IsBatchFirst(Node node)
    {
        long batch = node.IntegerAttribute("batch_axis", 1), time = node.IntegerAttribute("time_axis", 0);
        return batch is 0 or 1 && time == 1 - batch ? batch == 0 : throw new ModelException(node, $"batch axis {batch} and time axis {time} must be 0 and 1 or 1 and 0");
    }
}
