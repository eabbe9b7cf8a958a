using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>A stream that a loop reads or writes: memory with strides over the loop's axes.</summary>
/// <param name="View">The memory.</param>
/// <param name="RowStrides">Elements from one index to the next, per row axis of the nest.</param>
/// <param name="InnerStrides">The same per inner axis.</param>
internal sealed record LoopStream(View View, IReadOnlyList<Dimension> RowStrides, IReadOnlyList<Dimension> InnerStrides)
{
    /// <summary>Whether the stream is the same for all elements of a row.</summary>
    public bool IsPerRow => InnerStrides.All(stride => stride == Dimension.Zero);

    /// <summary>Whether vectors can be loaded from it.</summary>
    public bool HasUnitStride => InnerStrides.Count == 1 && InnerStrides[0] == Dimension.One;
}
