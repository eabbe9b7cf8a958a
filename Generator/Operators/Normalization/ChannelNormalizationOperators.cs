using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// BatchNormalization (inference), InstanceNormalization and GroupNormalization: https://onnx.ai/onnx/operators/onnx__BatchNormalization.html and so on.
/// BatchNormalization becomes a factor and an offset a channel, computed from its constants once when the model is loaded; versions before 9 have a <c>spatial</c>
/// attribute (0: statistics for every position). Training takes the statistics of the batch and updates the running ones; from version 14 on the attribute <c>training_mode</c> asks for it,
/// before that outputs beyond the first that something reads (running mean and variance, then those of the batch). GroupNormalization scales groups in version 18 and
/// channels from version 21 on. Statistics are computed in float32 (float64 for float64 inputs).
/// </summary>
internal sealed class ChannelNormalizationOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new ChannelNormalizationOperators("BatchNormalization", [1, 6, 7, 9, 14, 15], 5),
        new ChannelNormalizationOperators("InstanceNormalization", [1, 6, 22], 3),
        new ChannelNormalizationOperators("GroupNormalization", [18, 21], 3),
    ];

    private readonly int _inputs;

    private ChannelNormalizationOperators(string type, int[] versions, int inputs)
    {
        Type = type;
        Versions = versions;
        _inputs = inputs;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    public override void Infer(Node node, InferenceContext context)
    {
        Value x = node.Input(0);
        for (int input = 0; input < _inputs; input++)
        {
            ElementTypeSet.Floating.Require(node, input);
        }

        if (x.Shape.Rank < (Type == "BatchNormalization" ? 1 : 2))
        {
            throw new ModelException(node, $"the input needs batch and channel axes but has shape {x.Shape}");
        }

        if (Type == "BatchNormalization")
        {
            RequireOutputs(node, context.Graph);
        }

        if (Type == "GroupNormalization" && x.Shape[1].Value is { } channels && channels % Groups(node) != 0)
        {
            throw new ModelException(node, $"{channels} channels cannot be divided into {Groups(node)} groups");
        }

        for (int input = 1; input < _inputs && x.Shape.Rank > 1; input++)
        {
            if (node.Input(input).Shape is not { Rank: 1 } shape)
            {
                continue;
            }

            // A single one would be broadcast.
            Dimension wanted = Type == "GroupNormalization" && node.Version < 21 ? Groups(node) : x.Shape[1];
            if ((shape[0] - wanted).Value is not (null or 0))
            {
                throw new ModelException(node, $"input {input} has {shape[0]} elements for {wanted} {(Type == "GroupNormalization" && node.Version < 21 ? "groups" : "channels")}");
            }

            context.RequireEqual(node, shape[0], wanted, $"the elements of input {input} and the channels");
        }

        context.SetType(node.Output, x.RequiredType);
        for (int index = 1; index < node.Outputs.Count; index++)
        {
            // Running statistics have the types of those that come in; the batch's, of old versions, are as many.
            if (node.Outputs[index] is { } output)
            {
                context.SetType(output, node.Input(index % 2 == 1 ? 3 : 4).RequiredType);
            }
        }
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = formula.Widen(node.Input(0));
        double epsilon = node.FloatAttribute("epsilon", 1e-5f);
        if (Type == "BatchNormalization" && BatchTraining.Trains(node, context.Graph))
        {
            BatchTraining.Write(node, context, x, epsilon);
            return true;
        }

        Value result = Type switch
        {
            "BatchNormalization" => Batch(node, formula, x, epsilon),
            "InstanceNormalization" => Instance(node, formula, x, epsilon),
            _ => Group(node, formula, x, epsilon),
        };
        context.Replace(node.Output, formula.Cast(result, node.Output.ElementType));
        return true;
    }

    private static long Groups(Node node)
    {
        long groups = node.IntegerAttribute("num_groups", 0);
        return groups > 0 ? groups : throw new ModelException(node, $"attribute 'num_groups' is {groups}");
    }

    /// <summary>What is normalised has one output; only training has others.</summary>
    private static void RequireOutputs(Node node, Graph graph)
    {
        bool trains = BatchTraining.Trains(node, graph);
        int outputs = node.Version >= BatchTraining.AttributeSince ? 3 : 5;
        if (node.Outputs.Count > outputs || (!trains && node.Outputs.Skip(1).Any(output => output is not null && (output.Consumers.Count > 0 || graph.IsOutput(output)))))
        {
            throw new ModelException(node, $"{node.Outputs.Count} outputs; there are {outputs} in training mode, else 1");
        }

        Shape shape = node.Input(0).Shape;
        Dimension channels = shape.Rank > 1 ? shape[1] : Dimension.One;
        for (int input = 1; input < 5 && !BatchTraining.IsEveryPosition(node); input++)
        {
            if (node.Input(input).Shape is not { Rank: 1 } vector || (shape.Rank > 1 && (vector[0] - channels).Value is not (null or 0)))
            {
                throw new ModelException(node, $"input {input} is {node.Input(input).Type} and must have an element for each of {channels} channels");
            }
        }
    }

    private static Value Batch(Node node, Formula formula, Value x, double epsilon)
    {
        Value Parameter(int input) => formula.Cast(node.Input(input), x.ElementType);
        Value deviation = formula.Apply("Sqrt", formula.Add(Parameter(4), formula.Number(epsilon, x)));
        Value factor = formula.Divide(Parameter(1), deviation);
        Value offset = formula.Subtract(Parameter(2), formula.Multiply(Parameter(3), factor));
        if (!BatchTraining.IsEveryPosition(node) && x.Shape.Rank > 1)
        {
            factor = formula.AlongAxis(factor, 1, x.Shape.Rank);
            offset = formula.AlongAxis(offset, 1, x.Shape.Rank);
        }

        return formula.Add(formula.Multiply(x, factor), offset);
    }

    private static Value Instance(Node node, Formula formula, Value x, double epsilon)
    {
        int rank = x.Shape.Rank;
        RowStatistics statistics = RowStatistics.Write(formula, x, [.. Enumerable.Range(2, rank - 2)], epsilon, centers: true);
        Value scale = formula.AlongAxis(formula.Cast(node.Input(1), x.ElementType), 1, rank);
        Value bias = formula.AlongAxis(formula.Cast(node.Input(2), x.ElementType), 1, rank);
        return formula.Add(formula.Multiply(statistics.Normalized, scale), bias);
    }

    private static Value Group(Node node, Formula formula, Value x, double epsilon)
    {
        long groups = Groups(node);
        Shape shape = x.Shape;
        Dimension perGroup = Dimension.FloorDivide(shape[1], groups);
        // [N, groups, channels of a group, positions]: the last two axes are one row.
        Value split = formula.Reshape(x, [shape[0], groups, perGroup, shape.Product(2, shape.Rank)]);
        RowStatistics statistics = RowStatistics.Write(formula, split, [2, 3], epsilon, centers: true);
        Value scale = formula.Cast(node.Input(1), x.ElementType);
        Value bias = formula.Cast(node.Input(2), x.ElementType);
        bool perChannel = node.Version >= 21;
        Dimension[] sizes = perChannel ? [groups, perGroup, 1] : [groups, 1, 1];
        Value result = formula.Add(formula.Multiply(statistics.Normalized, formula.Reshape(scale, sizes)), formula.Reshape(bias, sizes));
        return formula.ReshapeLike(result, x);
    }
}
