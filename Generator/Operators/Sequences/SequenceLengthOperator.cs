using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>SequenceLength, version 11: https://onnx.ai/onnx/operators/onnx__SequenceLength.html. An int64 scalar: known where the graph says what the sequence holds, else a number that the kernel sets.</summary>
internal sealed class SequenceLengthOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new SequenceLengthOperator()];

    public override string Type => "SequenceLength";

    public override IReadOnlyList<int> Versions => [11];

    public override bool TakesContainers => true;

    public override void Infer(Node node, InferenceContext context)
    {
        SequenceItems.Sequence(node, 0);
        var type = new TensorType(ElementType.Int64, Shape.Scalar);
        if (SequenceItems.Count(node.Input(0)) is { } count)
        {
            context.SetElements(node.Output, type, [count]);
        }
        else
        {
            context.SetType(node.Output, type);
        }
    }

    public override void Lower(Node node, LoweringContext context)
    {
        int source = context.Sequences.Number(node.Input(0));
        View result = context.Write(node.Output);
        context.Add(new Kernel("sequence", node, [], [result], writer => writer.Line($"*{writer.Pointer(result)} = {SequenceText.Field(source)}.Count;")) { UpdatesState = true, Summary = "the number of tensors" });
    }
}
