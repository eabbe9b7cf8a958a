using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// SequenceInsert and SequenceErase, version 11: https://onnx.ai/onnx/operators/onnx__SequenceInsert.html, https://onnx.ai/onnx/operators/onnx__SequenceErase.html. A position is one int32 or
/// int64 and may count from the end; without one SequenceInsert appends and SequenceErase takes the last. Where content and position are known the result is a list of values (see
/// <see cref="Passes.ContainerResolution"/>). At run time sequences share tensors; one that nothing else reads is changed in place.
/// </summary>
internal sealed class SequenceEditOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new SequenceEditOperators("SequenceInsert"), new SequenceEditOperators("SequenceErase")];

    private SequenceEditOperators(string type) => Type = type;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [11];

    public override bool TakesContainers => true;

    private bool Inserts => Type == "SequenceInsert";

    public override void Infer(Node node, InferenceContext context)
    {
        ContainerType sequence = SequenceItems.Sequence(node, 0);
        SequenceItems.Position(node, Inserts ? 2 : 1);
        if (!Inserts)
        {
            node.Output.Container = sequence;
            return;
        }

        TensorType tensor = SequenceItems.Tensor(node, 1);
        node.Output.Container = ContainerType.TryMerge(sequence, new ContainerType(ContainerKind.Sequence, tensor.ElementType, ItemShape.Of(tensor.Shape, context.Symbols)))
            ?? throw new ModelException(node, $"a {tensor} cannot be inserted in a {sequence}");
    }

    public override void Lower(Node node, LoweringContext context)
    {
        Value? position = SequenceItems.Position(node, Inserts ? 2 : 1);
        View? tensor = Inserts ? context.ReadContiguous(node.Input(1)) : null;
        View? read = SequenceText.Read(position, context);
        bool consumes = context.Sequences.Consumes(node.Input(0));
        int source = context.Sequences.Number(node.Input(0));
        int target = context.Sequences.Add(node, node.Output);
        context.Add(new Kernel("sequence", node, [.. new[] { tensor, read }.OfType<View>()], [], writer =>
        {
            string sequence = SequenceText.Field(target);
            string place = position is null ? "" : $", {SequenceText.Position(position, read, writer)}";
            writer.Line($"{sequence}.{(consumes ? "Take" : "Assign")}({SequenceText.Field(source)});");
            writer.Line(tensor is not null
                ? $"{sequence}.Insert({SequenceText.Name(node)}, {writer.Pointer(tensor)}, {SequenceText.Sizes(tensor.Shape, writer)}{place});"
                : $"{sequence}.Erase({SequenceText.Name(node)}{place});");
        })
        {
            UpdatesState = true,
            Summary = Inserts ? "a sequence with one more tensor" : "a sequence without one of its tensors",
        });
    }
}
