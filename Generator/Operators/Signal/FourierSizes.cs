using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>The sizes of a transform along one axis, which may be one that only a run knows.</summary>
/// <param name="Outer">Elements before the axis.</param>
/// <param name="Size">The axis.</param>
/// <param name="Inner">Numbers behind the axis.</param>
/// <param name="Length">Numbers of a transform.</param>
/// <param name="Count">Numbers of a result that are stored.</param>
/// <param name="Output">The output's shape.</param>
internal sealed record FourierSizes(Dimension Outer, Dimension Size, Dimension Inner, Dimension Length, Dimension Count, Shape Output)
{
    /// <summary>Reads the sizes of a DFT node.</summary>
    public static FourierSizes Of(Node node, Dimension axis, SymbolTable symbols)
    {
        Shape shape = node.Input(0).Shape;
        int rank = shape.Rank - 1;
        Dimension position = SymbolicMath.FromStart(axis, shape.Rank, symbols);
        Dimension outer = Dimension.One, inner = Dimension.One, size = Dimension.Zero;
        var named = new Dimension[rank];
        for (int index = 0; index < rank; index++)
        {
            named[index] = OpenAxes.IsEqual(position, index, symbols);
            outer *= 1 + ((shape[index] - 1) * SymbolicMath.Clamp(position - index, 0, 1, symbols));
            inner *= 1 + ((shape[index] - 1) * SymbolicMath.Clamp(index - position, 0, 1, symbols));
            size += shape[index] * named[index];
        }

        bool isOneSided = node.IntegerAttribute("onesided", 0) != 0, isInverse = node.IntegerAttribute("inverse", 0) != 0;
        Dimension length = node.OptionalInput(1) is { } given ? given.Elements![0] : isOneSided && isInverse ? 2 * (size - 1) : size;
        Dimension count = isOneSided && !isInverse ? Dimension.FloorDivide(length, 2) + 1 : length;
        return new FourierSizes(outer, size, inner, length, count, new Shape(
            [.. named.Select((isAxis, index) => shape[index] + ((count - shape[index]) * isAxis)), isOneSided && isInverse ? Dimension.One : 2]));
    }
}
