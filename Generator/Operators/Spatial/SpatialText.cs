using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>What operators that sample images have in common.</summary>
internal static class SpatialText
{
    /// <summary>Refuses the model where two sizes are known to differ, and runs in which they do.</summary>
    public static void RequireEqual(Node node, InferenceContext context, Dimension left, Dimension right, string what)
    {
        Dimension difference = left - right;
        if (difference.IsStatic && difference.Constant != 0)
        {
            throw new ModelException(node, $"{what} must be equal but are {left} and {right}");
        }

        if (!difference.IsStatic)
        {
            context.Require(difference, 0, $"{what} of {node}, as a difference");
        }
    }

    /// <summary>Refuses an input of another rank.</summary>
    public static void RequireRank(Node node, int input, int rank, string what)
    {
        if (node.Input(input).Shape.Rank != rank)
        {
            throw new ModelException(node, $"{what} (input {input}) must have {rank} axes but has shape {node.Input(input).Shape}");
        }
    }

    /// <summary>Refuses an input of another element type.</summary>
    public static void RequireType(Node node, int input, ElementType type)
    {
        if (node.Input(input).ElementType != type)
        {
            throw new ModelException(node, $"input {input} ('{node.Input(input).Name}') must have elements of type {type.OnnxName()} but has {node.Input(input).ElementType.OnnxName()}");
        }
    }

    /// <summary>Computes the node in float32 where it has 16-bit floating-point numbers; false where it has none.</summary>
    public static bool Widen(Node node, ExpansionContext context)
    {
        if (!node.Inputs.Any(input => input?.ElementType is ElementType.Float16 or ElementType.BFloat16))
        {
            return false;
        }

        var formula = new Formula(context);
        Node wide = context.AddCopy(node, [.. node.Inputs.Select(input => input is null ? null : formula.Widen(input))]);
        context.Replace(node.Output, formula.Cast(wide.Output, node.Output.ElementType));
        return true;
    }

    /// <summary>"new RoiImages(…)": sizes of the images, the regions and the output.</summary>
    public static string RoiImages(KernelWriter writer, Shape input, Shape output) =>
        $"new RoiImages({string.Join(", ", new[] { input[0], input[1], input[2], input[3], output[0], output[2], output[3] }.Select(writer.Size))})";
}
