using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>
/// A fused loop: rows, and elements within a row. Row axes and inner axes are merged as far as all streams allow, so that most loops have one of each
/// and a loop without broadcasting is a single row.
/// </summary>
internal sealed class LoopNest
{
    /// <summary>Sizes of the row axes, outermost first; empty for a single row.</summary>
    public required IReadOnlyList<Dimension> RowSizes { get; init; }

    /// <summary>Sizes of the inner axes; one unless a reduction's axes cannot be merged.</summary>
    public required IReadOnlyList<Dimension> InnerSizes { get; init; }

    /// <summary>Memory read, in the order of the expression's inputs.</summary>
    public required IReadOnlyList<LoopStream> Inputs { get; init; }

    /// <summary>Memory written.</summary>
    public required LoopStream Output { get; init; }

    /// <summary>The value that is stored.</summary>
    public required Expression Result { get; init; }

    /// <summary>Whether elements of a row are combined, so that rows are the units of work.</summary>
    public required bool Reduces { get; init; }

    /// <summary>Whether one value a row is stored instead of one an element.</summary>
    public required bool StoresRows { get; init; }

    public Dimension Rows => RowSizes.Aggregate(Dimension.One, (product, size) => product * size);

    public Dimension Columns => InnerSizes.Aggregate(Dimension.One, (product, size) => product * size);

    /// <summary>
    /// Merges axes of sizes <paramref name="sizes"/> where every stream goes on seamlessly: axis <c>i</c> and <c>i + 1</c> are one when
    /// <c>stride[i] = stride[i + 1] · size[i + 1]</c> in all of them. Returns the merged sizes and each stream's merged strides.
    /// </summary>
    public static (List<Dimension> Sizes, List<Dimension>[] Strides) Merge(IReadOnlyList<Dimension> sizes, IReadOnlyList<IReadOnlyList<Dimension>> streams)
    {
        var merged = new List<Dimension>();
        List<Dimension>[] strides = [.. streams.Select(_ => new List<Dimension>())];
        for (int axis = 0; axis < sizes.Count; axis++)
        {
            if (sizes[axis].Value == 1)
            {
                continue;
            }

            int last = merged.Count - 1;
            if (last >= 0 && Enumerable.Range(0, streams.Count).All(stream => strides[stream][last] == streams[stream][axis] * sizes[axis]))
            {
                merged[last] *= sizes[axis];
                for (int stream = 0; stream < streams.Count; stream++)
                {
                    strides[stream][last] = streams[stream][axis];
                }
            }
            else
            {
                merged.Add(sizes[axis]);
                for (int stream = 0; stream < streams.Count; stream++)
                {
                    strides[stream].Add(streams[stream][axis]);
                }
            }
        }

        return (merged, strides);
    }
}
