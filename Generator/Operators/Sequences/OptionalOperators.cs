using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Optional (version 15), OptionalHasElement and OptionalGetElement (15, 18): https://onnx.ai/onnx/operators/onnx__Optional.html,
/// https://onnx.ai/onnx/operators/onnx__OptionalHasElement.html, https://onnx.ai/onnx/operators/onnx__OptionalGetElement.html. From version 18 on the latter two take tensors and sequences
/// as well, which are always there, and OptionalHasElement takes nothing at all. Where the graph says whether an optional holds something, nothing of it remains at run time. The others are
/// sequences: an optional tensor is one of at most one tensor.
/// </summary>
internal sealed class OptionalOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new OptionalOperators("Optional", [15]),
        new OptionalOperators("OptionalHasElement", [15, 18]),
        new OptionalOperators("OptionalGetElement", [15, 18]),
    ];

    private OptionalOperators(string type, int[] versions)
    {
        Type = type;
        Versions = versions;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    public override bool TakesContainers => true;

    public override void Infer(Node node, InferenceContext context)
    {
        switch (Type)
        {
            case "Optional":
                node.Output.Container = Made(node, context);
                break;
            case "OptionalHasElement":
                InferPresence(node, context);
                break;
            default:
                ContainerType optional = Opened(node) ?? throw new ModelException(node, $"input 0 is {SequenceItems.Describe(node.Input(0))} and no optional");
                if (optional.Kind == ContainerKind.OptionalTensor)
                {
                    SequenceSizes.SetItem(node, optional, context);
                }
                else
                {
                    node.Output.Container = optional with { Kind = ContainerKind.Sequence };
                }

                break;
        }
    }

    public override void Lower(Node node, LoweringContext context)
    {
        switch (Type)
        {
            case "Optional":
                LowerOptional(node, context);
                break;
            case "OptionalHasElement":
                int asked = context.Sequences.Number(node.Input(0));
                View result = context.Write(node.Output);
                context.Add(new Kernel("sequence", node, [], [result], writer => writer.Line($"*{writer.Pointer(result)} = {SequenceText.Field(asked)}.IsPresent;"))
                {
                    UpdatesState = true,
                    Summary = "whether an optional holds something",
                });
                break;
            default:
                LowerContent(node, context);
                break;
        }
    }

    /// <summary>What an optional is said to hold, or null for what is always there (from version 18 on).</summary>
    public static ContainerType? Opened(Node node) => node.Input(0) switch
    {
        { Container: { IsOptional: true } optional } => optional,
        var value when node.Version >= 18 => null,
        var value => throw new ModelException(node, $"input 0 is {SequenceItems.Describe(value)} and no optional, which version 15 asks for"),
    };

    private static ContainerType Made(Node node, InferenceContext context)
    {
        ContainerType? declared = node.Attributes.TryGetValue("type", out AttributeValue? attribute)
            ? attribute.Value as ContainerType ?? throw new ModelException(node, "attribute 'type' is no type")
            : null;
        if (node.OptionalInput(0) is not { } content)
        {
            return declared is null ? throw new ModelException(node, "there is neither an input nor an attribute 'type'") : declared with { Items = ItemShape.None };
        }

        ContainerType made = content.Type is { } tensor ? new ContainerType(ContainerKind.OptionalTensor, tensor.ElementType, ItemShape.Of(tensor.Shape, context.Symbols))
            : content.Container is { Kind: ContainerKind.Sequence } sequence ? sequence with { Kind = ContainerKind.OptionalSequence }
            : throw new ModelException(node, $"input 0 is {SequenceItems.Describe(content)}, of which there is no optional");
        return declared is null || ContainerType.TryMerge(declared, made) is not null ? made : throw new ModelException(node, $"input 0 is {SequenceItems.Describe(content)}, and attribute 'type' makes it an {declared}");
    }

    private static void InferPresence(Node node, InferenceContext context)
    {
        var type = new TensorType(ElementType.Boolean, Shape.Scalar);
        bool? known = node.OptionalInput(0) is not { } input ? node.Version >= 18 ? false : throw new ModelException(node, "input 0 is missing")
            : Opened(node) is null ? true
            : SequenceItems.TryGet(input)?.Count > 0 ? true
            : SequenceItems.TryGet(input) is not null ? false
            : null;
        if (known is { } present)
        {
            context.SetElements(node.Output, type, [present ? 1 : 0]);
        }
        else
        {
            context.SetType(node.Output, type);
        }
    }

    private static void LowerOptional(Node node, LoweringContext context)
    {
        if (node.OptionalInput(0) is { Container: not null } sequence)
        {
            // A sequence that is there is an optional sequence as it is.
            context.Sequences.SetAlias(node.Output, sequence);
        }
        else if (node.OptionalInput(0) is not null)
        {
            SequenceConstructOperator.Lower(node, ContainerKind.OptionalTensor, context);
        }
        else
        {
            int target = context.Sequences.Add(node, node.Output);
            context.Add(new Kernel("sequence", node, [], [], writer => writer.Line($"{SequenceText.Field(target)}.Clear();")) { UpdatesState = true, Summary = "an optional without content" });
        }
    }

    private static void LowerContent(Node node, LoweringContext context)
    {
        if (node.Output.Type is not null)
        {
            SequenceSizes.LowerItem(node, context, null, (_, source, sizes) => $"SelectContent({SequenceText.Name(node)}, {source}, {sizes})");
            return;
        }

        int source = context.Sequences.Number(node.Input(0));
        context.Add(new Kernel("sequence", node, [], [], writer => writer.Line($"{SequenceText.Field(source)}.RequirePresent({SequenceText.Name(node)});")) { UpdatesState = true, Summary = "the content of an optional" });
        context.Sequences.SetAlias(node.Output, node.Input(0));
    }
}
