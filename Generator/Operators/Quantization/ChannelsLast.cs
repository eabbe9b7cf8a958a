using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Tensors [batch, …, channels], as some quantised operators of com.microsoft take them, and [batch, channels, …].</summary>
internal static class ChannelsLast
{
    public static Shape ToFirst(Shape shape) => new([.. PermutationToFirst(shape.Rank).Select(axis => shape[axis])]);

    public static Shape ToLast(Shape shape) => new([.. PermutationToLast(shape.Rank).Select(axis => shape[axis])]);

    public static Value ToFirst(Formula formula, Value x) => formula.Transpose(x, PermutationToFirst(x.Shape.Rank));

    public static Value ToLast(Formula formula, Value x) => formula.Transpose(x, PermutationToLast(x.Shape.Rank));

    private static int[] PermutationToFirst(int rank) => [0, rank - 1, .. Enumerable.Range(1, rank - 2)];

    private static int[] PermutationToLast(int rank) => [0, .. Enumerable.Range(2, rank - 2), 1];
}
