using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>Heads of which only the first elements are rotated: the rotated part is cut out and put back before the rest.</summary>
/// <param name="Whole">The heads.</param>
/// <param name="Result">The heads with the rotated part in its place.</param>
internal sealed record PartialRotary(Value Whole, Value Result)
{
    /// <summary>Looks for it around a rotation from <paramref name="part"/> to <paramref name="rotated"/>.</summary>
    public static PartialRotary? Find(Value part, Value rotated, RecognitionContext context)
    {
        int last = part.Shape.Rank - 1;
        if (AxisPart.Find(part, context.Graph.Symbols) is not { Step: 1 } taken || taken.Axis != last || taken.Start != Dimension.Zero
            || Matching.OnlyReader(rotated, context.Graph) is not { Domain: "", Type: "Concat", Inputs.Count: 2 } concat || concat.Input(0) != rotated
            || ShapeMath.Axis(concat, concat.IntegerAttribute("axis", 1), concat.Output.Shape.Rank) != last)
        {
            return null;
        }

        if (AxisPart.Find(concat.Input(1), context.Graph.Symbols) is { Step: 1 } rest && rest.Axis == last && Matching.Same(rest.Whole, taken.Whole)
            && rest.Start == taken.Size && rest.End == taken.Whole.Shape[last] && taken.Whole.ElementType == part.ElementType && concat.Output.ElementType == part.ElementType)
        {
            return new PartialRotary(taken.Whole, concat.Output);
        }

        context.Miss(PatternNames.RotaryEmbedding, concat, "what follows the rotated part is not the rest of the same heads");
        return null;
    }
}
