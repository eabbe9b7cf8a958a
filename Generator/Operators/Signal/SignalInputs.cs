using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Attributes and sizes that operators on signals read.</summary>
internal static class SignalInputs
{
    public static bool Flag(Node node, string attribute, long fallback) => node.IntegerAttribute(attribute, fallback) switch
    {
        0 => false,
        1 => true,
        long other => throw new ModelException(node, $"attribute '{attribute}' is {other} and must be 0 or 1"),
    };

    /// <summary>An input that holds one integer.</summary>
    public static Dimension Single(Node node, int input, string what, InferenceContext context)
    {
        if (node.Input(input).ElementType is not (ElementType.Int32 or ElementType.Int64))
        {
            throw new ModelException(node, $"{what} is {node.Input(input).Type} and must be int32 or int64");
        }

        return context.RequiredElements(node, input, what) is [var element] ? element : throw new ModelException(node, $"{what} is {node.Input(input).Type} and not one number");
    }

    /// <summary>Refuses sizes below 1, those of a run when it begins.</summary>
    public static void RequirePositive(Node node, Dimension size, string what, InferenceContext context)
    {
        if (size.Value < 1)
        {
            throw new ModelException(node, $"{what} is {size} and must be at least 1");
        }

        Dimension missing = SymbolicMath.Maximum(size, 1, context.Symbols) - size;
        if (missing.Value != 0)
        {
            context.Require(missing, 0, $"what {size}, {what} of {node}, is short of 1");
        }
    }
}
