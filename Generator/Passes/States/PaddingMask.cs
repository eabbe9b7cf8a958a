using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.States;

/// <summary>Masks that only repeat an input [rows, columns] which is 0 at padding and 1 at tokens.</summary>
internal static class PaddingMask
{
    /// <summary>The input that an attention's mask [rows, 1, new, columns] repeats, through casts, comparisons, new axes and repetition; null where it says more.</summary>
    public static Value? Source(Value? mask, Graph graph, Dimension rows)
    {
        // Additive masks of numbers are not booleans turned around: only a boolean mask says "attend" where it is 1.
        if (mask is null || mask.ElementType != ElementType.Boolean || mask.Shape.Rank != 4 || mask.Shape[0] != rows)
        {
            return null;
        }

        Dimension columns = mask.Shape[3];
        bool isNegated = false;
        while (mask.Producer is { Domain: "" } producer)
        {
            switch (producer.Type)
            {
                // A cast to boolean says 1 for everything but 0, which is how the session reads the input.
                case "Cast" or "Unsqueeze" or "Expand" or "Identity" or "Reshape":
                    break;
                case "Not":
                    isNegated = !isNegated;
                    break;
                case "Equal" when IsNumber(producer.Input(1), 0):
                    isNegated = !isNegated;
                    break;
                case "Equal" when IsNumber(producer.Input(1), 1):
                case "Greater" when IsNumber(producer.Input(1), 0):
                case "GreaterOrEqual" when IsNumber(producer.Input(1), 1):
                    break;
                default:
                    return null;
            }

            // Columns must stay the last axis: a mask over queries is another thing.
            mask = producer.Input(0);
            if (mask.Shape.Rank < 2 || mask.Shape[mask.Shape.Rank - 1] != columns)
            {
                return null;
            }
        }

        return !isNegated && graph.Inputs.Contains(mask) && IsMask(mask) && mask.Shape[0] == rows ? mask : null;
    }

    /// <summary>Whether a value may be a mask [rows, columns].</summary>
    public static bool IsMask(Value value) => value.RequiredType.Rank == 2 && (value.ElementType.IsInteger() || value.ElementType == ElementType.Boolean);

    private static bool IsNumber(Value value, long number) =>
        value.Elements is [var element] ? element.Value == number
            : value.Constant is InlineConstant { Type: { } type } constant && type.Shape.ElementCount.Value == 1 && ConstantElements.ReadDoubles(constant)[0] == number;
}
