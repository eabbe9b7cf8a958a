using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>A part of an index of attention: reshapes merge indices into one axis and split them over several, as the digits of a number.</summary>
/// <param name="index">Whose part it is: <see cref="AxisDigit.Row"/> and so on.</param>
/// <param name="size">How many values it has.</param>
internal sealed class AxisDigit(char index, Dimension size)
{
    public const char Row = 'b';
    public const char Head = 'h';

    /// <summary>Position: of a query, or of a key or value.</summary>
    public const char Position = 't';

    /// <summary>Keys, where queries have positions too.</summary>
    public const char Key = 'k';

    /// <summary>Element within a head.</summary>
    public const char Element = 'd';

    public char Index { get; } = index;

    public Dimension Size { get; } = size;

    public override string ToString() => $"{Index}:{Size}";
}
