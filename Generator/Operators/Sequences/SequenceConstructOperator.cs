using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// SequenceConstruct and SequenceEmpty, version 11: https://onnx.ai/onnx/operators/onnx__SequenceConstruct.html, https://onnx.ai/onnx/operators/onnx__SequenceEmpty.html. All tensors
/// have one element type. A sequence is made only for readers that need it at run time; for others it is a list of values (see <see cref="SequenceItems"/>).
/// </summary>
internal sealed class SequenceConstructOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new SequenceConstructOperator("SequenceConstruct"), new SequenceConstructOperator("SequenceEmpty")];

    /// <summary>Attribute of an empty sequence that expansion makes: what is inserted says the type of the elements.</summary>
    public const string OpenType = "cameo.open";

    private SequenceConstructOperator(string type) => Type = type;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [11];

    public override void Infer(Node node, InferenceContext context)
    {
        if (Type == "SequenceEmpty")
        {
            long element = node.IntegerAttribute("dtype", (long)ElementType.Float32);
            ElementType type = node.HasAttribute(OpenType) ? ElementType.Undefined : (ElementType)element;
            if (!Enum.IsDefined(typeof(ElementType), type) || (type == ElementType.Undefined && !node.HasAttribute(OpenType)))
            {
                throw new ModelException(node, $"attribute 'dtype' is {element}, which is no element type");
            }

            node.Output.Container = new ContainerType(ContainerKind.Sequence, type, ItemShape.None);
            return;
        }

        if (node.Inputs.Count == 0)
        {
            throw new ModelException(node, "there are no tensors");
        }

        ItemShape items = ItemShape.None;
        for (int index = 0; index < node.Inputs.Count; index++)
        {
            TensorType type = SequenceItems.Tensor(node, index);
            if (type.ElementType != node.Input(0).ElementType)
            {
                throw new ModelException(node, $"input 0 is {node.Input(0).Type} and input {index} {type}; all must have one element type");
            }

            items = items.Merge(ItemShape.Of(type.Shape, context.Symbols));
        }

        node.Output.Container = new ContainerType(ContainerKind.Sequence, node.Input(0).ElementType, items);
    }

    public override void Lower(Node node, LoweringContext context) => Lower(node, ContainerKind.Sequence, context);

    /// <summary>Makes a sequence, or an optional that holds a tensor, of the node's inputs.</summary>
    public static void Lower(Node node, ContainerKind kind, LoweringContext context)
    {
        int target = context.Sequences.Add(node, node.Output);
        View[] items = [.. node.Inputs.Select((_, index) => context.ReadContiguous(node.Input(index)))];
        context.Add(new Kernel("sequence", node, items, [], writer =>
        {
            string sequence = SequenceText.Field(target);
            writer.Line($"{sequence}.Begin();");
            foreach (View item in items)
            {
                writer.Line($"{sequence}.Add({writer.Pointer(item)}, {SequenceText.Sizes(item.Shape, writer)});");
            }
        })
        {
            UpdatesState = true,
            Summary = kind == ContainerKind.Sequence ? $"a sequence of {items.Length} tensors" : "an optional",
        });
    }
}
