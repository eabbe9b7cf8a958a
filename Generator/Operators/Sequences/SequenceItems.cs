using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>What the graph says of the tensors in a sequence or optional.</summary>
internal static class SequenceItems
{
    /// <summary>
    /// The values that a sequence or optional holds, where the graph says which: what resolves sequences leaves three nodes that make one of known content. An optional that is empty
    /// and an empty sequence both hold none. Null where a run decides.
    /// </summary>
    public static IReadOnlyList<Value>? TryGet(Value container)
    {
        while (container.Producer is { Domain: "", Type: "Identity" } name)
        {
            container = name.Input(0);
        }

        return container.Producer is { Domain: "", Type: "SequenceConstruct" or "SequenceEmpty" or "Optional" } producer ? [.. producer.Inputs.OfType<Value>()] : null;
    }

    /// <summary>The number of tensors in a sequence, where the graph says it.</summary>
    public static int? Count(Value sequence) => sequence.Container is { Kind: ContainerKind.Sequence } && TryGet(sequence) is { } items ? items.Count : null;

    /// <summary>An input that must be a sequence.</summary>
    public static ContainerType Sequence(Node node, int input) => node.Input(input) is { Container: { Kind: ContainerKind.Sequence } container }
        ? container
        : throw new ModelException(node, $"input {input} is {Describe(node.Input(input))} and no sequence");

    /// <summary>An input that must be a tensor.</summary>
    public static TensorType Tensor(Node node, int input) => node.Input(input) is { Type: { } type }
        ? type
        : throw new ModelException(node, $"input {input} is {Describe(node.Input(input))} and no tensor");

    /// <summary>A position in a sequence, one 32-bit or 64-bit integer; null where it is omitted.</summary>
    public static Value? Position(Node node, int input)
    {
        if (node.OptionalInput(input) is not { } position)
        {
            return null;
        }

        TensorType type = Tensor(node, input);
        return type.ElementType is ElementType.Int32 or ElementType.Int64 && type.Rank <= 1 && type.Shape.ElementCount.Value is 1 or null
            ? position
            : throw new ModelException(node, $"the position (input {input}) is {type} and not one int32 or int64");
    }

    /// <summary>A known position counted from the front, or null where it is not known. <paramref name="end"/> is the largest that is allowed.</summary>
    public static int? KnownPosition(Node node, Value position, int count, int end)
    {
        if (position.Elements is not { Count: 1 } elements || elements[0].Value is not { } known)
        {
            return null;
        }

        long index = known < 0 ? known + count : known;
        return index >= 0 && index <= end ? (int)index : throw new ModelException(node, $"position {known} is not in a sequence of {count} tensors");
    }

    /// <summary>"float[2, 3]" or "sequence(float)".</summary>
    public static string Describe(Value value) => value.Type?.ToString() ?? value.Container?.ToString() ?? "of unknown type";
}
