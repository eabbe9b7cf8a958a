namespace Cameo.Generator.Graphs;

/// <summary>What is known of the shapes of the tensors in a sequence or optional: each may have its own.</summary>
internal sealed class ItemShape : IEquatable<ItemShape>
{
    private ItemShape(bool isNone, IReadOnlyList<Dimension?>? sizes)
    {
        IsNone = isNone;
        Sizes = sizes;
    }

    /// <summary>There are no tensors: whatever comes in decides.</summary>
    public static ItemShape None { get; } = new(true, null);

    /// <summary>Tensors of any rank.</summary>
    public static ItemShape Any { get; } = new(false, null);

    public bool IsNone { get; }

    /// <summary>Sizes that all tensors have, null where they may differ; null as a whole where their ranks may.</summary>
    public IReadOnlyList<Dimension?>? Sizes { get; }

    /// <summary>The shape of one tensor. A size that is not known when a run begins may be another one when the tensor is read again, and is left open.</summary>
    public static ItemShape Of(Shape shape, SymbolTable symbols) => new(false, [.. shape.Select(size => symbols.IsKnownAtStart(size) ? size : null)]);

    /// <summary>Sizes that all tensors have, null where they may differ.</summary>
    public static ItemShape Of(IReadOnlyList<Dimension?> sizes) => new(false, sizes);

    /// <summary>Sizes as a model declares them; symbols say nothing, since every tensor may have its own.</summary>
    public static ItemShape Declared(IEnumerable<long?> sizes) => new(false, [.. sizes.Select(size => size is { } known ? Dimension.Of(known) : null)]);

    /// <summary>What holds of both.</summary>
    public ItemShape Merge(ItemShape other)
    {
        if (IsNone || other.IsNone)
        {
            return IsNone ? other : this;
        }

        return Sizes is null || other.Sizes is null || Sizes.Count != other.Sizes.Count
            ? Any
            : new ItemShape(false, [.. Sizes.Select((size, axis) => size is not null && size == other.Sizes[axis] ? size : null)]);
    }

    public bool Equals(ItemShape? other) => other is not null && IsNone == other.IsNone && (Sizes is null) == (other.Sizes is null)
        && (Sizes is null || (Sizes.Count == other.Sizes!.Count && Sizes.Select((size, axis) => size == other.Sizes[axis]).All(same => same)));

    public override bool Equals(object? obj) => Equals(obj as ItemShape);

    public override int GetHashCode() => Sizes?.Count ?? -1;

    public override string ToString() => IsNone ? "" : Sizes is null ? "[…]" : $"[{string.Join(", ", Sizes.Select(size => size?.ToString() ?? "?"))}]";
}
