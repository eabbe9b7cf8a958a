namespace Cameo.Generator.Graphs;

/// <summary>Type of a value that holds tensors.</summary>
/// <param name="Kind">A sequence or an optional.</param>
/// <param name="ElementType">Type of the tensors' elements; undefined where no tensor has said it yet.</param>
/// <param name="Items">Shapes of the tensors.</param>
internal sealed record ContainerType(ContainerKind Kind, ElementType ElementType, ItemShape Items)
{
    public bool IsOptional => Kind != ContainerKind.Sequence;

    /// <summary>A sequence, or an optional one.</summary>
    public bool IsSequence => Kind != ContainerKind.OptionalTensor;

    /// <summary>The type that values of both types have; null where there is none.</summary>
    public static ContainerType? TryMerge(ContainerType left, ContainerType right)
    {
        ElementType type = left.ElementType == ElementType.Undefined ? right.ElementType : left.ElementType;
        if ((right.ElementType != ElementType.Undefined && right.ElementType != type) || left.IsSequence != right.IsSequence)
        {
            return null;
        }

        // A sequence is an optional sequence that is there.
        return new ContainerType(left.IsOptional ? left.Kind : right.Kind, type, left.Items.Merge(right.Items));
    }

    public override string ToString()
    {
        string items = (ElementType == ElementType.Undefined ? "?" : ElementType.OnnxName()) + Items;
        return Kind switch
        {
            ContainerKind.Sequence => $"sequence({items})",
            ContainerKind.OptionalTensor => $"optional({items})",
            _ => $"optional(sequence({items}))",
        };
    }
}
