using Cameo.Generator.Graphs;

namespace Cameo.Generator.Emitting;

/// <summary>An input of a run and what a decoder loop gives for it.</summary>
/// <param name="Input">Index among the graph's inputs.</param>
/// <param name="Role">What it is.</param>
/// <param name="Offset">For lengths: what the graph adds.</param>
internal sealed record GenerationInput(int Input, GenerationRole Role, Dimension Offset)
{
    /// <summary>The size of an axis in a run over one row, as C#.</summary>
    public string Size(Shape shape, int axis) => shape[axis].Value is { } known ? known.ToString(System.Globalization.CultureInfo.InvariantCulture)
        : axis != shape.Rank - 1 ? "1"
        : Role switch
        {
            GenerationRole.Tokens or GenerationRole.Positions => "tokens.Length",
            GenerationRole.Mask => "columns",
            _ => "1",
        };
}
