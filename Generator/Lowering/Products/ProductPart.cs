using Cameo.Generator.Graphs;

namespace Cameo.Generator.Lowering;

/// <summary>Columns of a product that are one value of the graph: what is done to their sums, and where they go.</summary>
/// <param name="Epilogue">What is done to them.</param>
/// <param name="Output">The value's memory: rows of neighbouring columns.</param>
/// <param name="Columns">How many they are.</param>
internal sealed record ProductPart(FusedEpilogue Epilogue, View Output, long Columns)
{
    /// <summary>Columns that go into caches instead, in their order.</summary>
    public IReadOnlyList<CacheRange> Ranges { get; init; } = [];

    /// <summary>Whether any column goes to the output.</summary>
    public bool WritesOutput => Ranges.Sum(range => range.End - range.Begin) < Columns;

    /// <summary>Elements from one row of the output to the next.</summary>
    public Dimension RowStride => Output.Rank == 2 ? Output.Strides[0] : Columns;

    /// <summary>This part with what <paramref name="append"/> copies written into the cache; null where the part's columns do not lie as the cache's heads do.</summary>
    public ProductPart? Redirect(CacheAppend append, Dimension rows)
    {
        View source = append.Source;
        if (source.ElementType != ElementType.Float32 || !Output.IsContiguous || source.Shape[2].Value is not { } heads || source.Shape[3].Value is not { } headSize
            || (source.Offset - Output.Offset).Value is not { } begin || begin < 0 || begin + (heads * headSize) > Columns)
        {
            return null;
        }

        Dimension[] expected = [source.Shape[1] * Columns, Columns, headSize, 1];
        bool liesAsHeads = source.Shape[0] * source.Shape[1] == rows
            && Enumerable.Range(0, 4).All(axis => source.Shape[axis].Value == 1 || source.Strides[axis] == expected[axis]);
        var range = new CacheRange(begin, begin + (heads * headSize), append);
        return liesAsHeads && Ranges.All(other => other.End <= range.Begin || other.Begin >= range.End)
            ? this with { Ranges = [.. Ranges.Append(range).OrderBy(other => other.Begin)] }
            : null;
    }
}
