using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>What operators of recurrent layers have in common: directions, parts of their operands, and the nodes of the steps.</summary>
internal static class RecurrentLayer
{
    /// <summary>How many directions the sequences run in.</summary>
    public static int Directions(Node node) => node.StringAttribute("direction", "forward") switch
    {
        "forward" or "reverse" => 1,
        "bidirectional" => 2,
        string direction => throw new ModelException(node, $"attribute 'direction' is '{direction}'"),
    };

    /// <summary>Attributes of <c>cameo.Recurrence</c> for one direction.</summary>
    public static (string Name, object Value)[] Attributes(Node node, string kind, int directions, int direction, bool batchFirst)
    {
        RecurrentActivation[] activations = RecurrentActivation.Read(node, kind, directions)[direction];
        return
        [
            ("kind", kind),
            ("reverse", node.StringAttribute("direction", "forward") == "reverse" || direction == 1 ? 1L : 0L),
            ("batch_first", batchFirst ? 1L : 0L),
            ("clip", node.FloatAttribute("clip", float.PositiveInfinity)),
            ("input_forget", node.IntegerAttribute("input_forget", 0)),
            ("functions", activations.Select(activation => activation.Function).ToArray()),
            ("alphas", activations.Select(activation => activation.Alpha).ToArray()),
            ("betas", activations.Select(activation => activation.Beta).ToArray()),
        ];
    }

    /// <summary>Puts the results of the directions together in the place of the layer's: all steps, the last hidden states, the last cells.</summary>
    public static void Replace(Node node, Value[][] results, bool batchFirst, ExpansionContext context)
    {
        for (int output = 0; output < Math.Min(results[0].Length, node.Outputs.Count); output++)
        {
            if (node.Outputs[output] is not { } replaced)
            {
                continue;
            }

            // The axis of directions stands behind the batch where the batch comes first, and behind the steps otherwise.
            int axis = output == 0 ? batchFirst ? 2 : 1 : batchFirst ? 1 : 0;
            Value[] parts = [.. results.Select(result => context.Add("Unsqueeze", result[output], context.Integers(axis)))];
            context.Replace(replaced, parts.Length == 1 ? parts[0] : context.Add("Concat", [("axis", (long)axis)], parts));
        }
    }

    /// <summary>A direction's part of a value, without the axis of directions.</summary>
    public static Value Part(Value value, int direction, int axis, ExpansionContext context) => context.Add(
        "Squeeze",
        Slice(value, direction, direction + 1, axis, context),
        context.Integers(axis));

    public static Value Slice(Value value, long start, long end, int axis, ExpansionContext context) =>
        value.Shape[axis].Value is { } size && start == 0 && end == size
            ? value
            : context.Add("Slice", value, context.Integers(start), context.Integers(end), context.Integers(axis));

    public static Shape Ranked(Node node, int input, int rank)
    {
        Shape shape = node.Input(input).Shape;
        return shape.Rank == rank ? shape : throw new ModelException(node, $"input {input} is {node.Input(input).Type} and must have rank {rank}");
    }

    public static void RequireOptional(Node node, int input, Dimension[] expected, InferenceContext? context = null)
    {
        if (node.OptionalInput(input) is not null)
        {
            Require(node, input, Ranked(node, input, expected.Length), expected, context);
        }
    }

    public static void Require(Node node, int input, Shape actual, Dimension[] expected, InferenceContext? context = null)
    {
        for (int axis = 0; axis < expected.Length; axis++)
        {
            if ((actual[axis] - expected[axis]).Value is { } difference && difference != 0)
            {
                throw new ModelException(node, $"input {input} is {actual} and must be {new Shape(expected)}");
            }

            context?.RequireEqual(node, actual[axis], expected[axis], $"axis {axis} of input {input} and what it must be");
        }
    }
}
