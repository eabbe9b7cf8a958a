using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// BatchNormalization in training: statistics of the batch, and running ones that move towards them. Variances are those of the whole population (divided by the count). What versions before 14 call
/// saved mean and variance are the batch's.
/// </summary>
internal static class BatchTraining
{
    /// <summary>The version from which on an attribute asks for training.</summary>
    public const int AttributeSince = 14;

    /// <summary>Whether a node trains. Before <see cref="AttributeSince"/> it does where another output than the first is read; files list outputs that nothing reads.</summary>
    public static bool Trains(Node node, Graph graph) => node.Version >= AttributeSince
        ? node.IntegerAttribute("training_mode", 0) != 0
        : (node.Version >= 7 || node.IntegerAttribute("is_test", 0) == 0) && node.Outputs.Skip(1).Any(output => output is not null && (output.Consumers.Count > 0 || graph.IsOutput(output)));

    /// <summary>Whether there are statistics for every position and not for every channel: <c>spatial</c> = 0 before version 9.</summary>
    public static bool IsEveryPosition(Node node) => node.Version < 9 && node.IntegerAttribute("spatial", 1) == 0;

    /// <summary>Writes the outputs; <paramref name="x"/> is the input in the precision it is computed with.</summary>
    public static void Write(Node node, ExpansionContext context, Value x, double epsilon)
    {
        var formula = new Formula(context);
        int rank = x.Shape.Rank;
        bool isEveryPosition = IsEveryPosition(node) || rank < 2;
        int[] axes = [.. Enumerable.Range(0, rank).Where(axis => isEveryPosition ? axis == 0 : axis != 1)];
        Value mean = formula.Mean(x, axes), deviation = formula.Subtract(x, mean);
        Value variance = formula.Mean(formula.Multiply(deviation, deviation), axes);
        Value inverse = formula.Apply("Reciprocal", formula.Apply("Sqrt", formula.Add(variance, formula.Number(epsilon, x))));
        Value scale = Channels(formula.Cast(node.Input(1), x.ElementType)), bias = Channels(formula.Cast(node.Input(2), x.ElementType));
        context.Replace(node.Output, formula.Cast(formula.Add(formula.Multiply(formula.Multiply(deviation, inverse), scale), bias), node.Output.ElementType));

        double momentum = node.FloatAttribute("momentum", 0.9f);
        Value[] batch = [formula.ReshapeLike(mean, node.Input(3)), formula.ReshapeLike(variance, node.Input(4))];
        for (int index = 1; index < node.Outputs.Count; index++)
        {
            if (node.Outputs[index] is not { } output)
            {
                continue;
            }

            Value current = batch[(index - 1) % 2];
            bool isRunning = index <= 2;
            Value result = !isRunning ? current : formula.Add(
                formula.Multiply(formula.Cast(node.Input(2 + index), x.ElementType), formula.Number(momentum, x)), formula.Multiply(current, formula.Number(1 - momentum, x)));
            context.Replace(output, formula.Cast(result, output.ElementType));
        }

        Value Channels(Value parameter) => isEveryPosition ? parameter : formula.AlongAxis(parameter, 1, rank);
    }
}
