using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss: https://onnx.ai/onnx/operators/onnx__NegativeLogLikelihoodLoss.html,
/// https://onnx.ai/onnx/operators/onnx__SoftmaxCrossEntropyLoss.html. Scores [N, C, …], the right class of each position [N, …], optionally a weight a class. Positions whose class
/// is <c>ignore_index</c> (any number) count for nothing; the mean is over the weights of the others. Versions only add element types.
/// </summary>
internal sealed class LossOperators : Operator
{
    private const int ClassAxis = 1;

    public static readonly IReadOnlyList<Operator> All = [new LossOperators("NegativeLogLikelihoodLoss", [12, 13, 22]), new LossOperators("SoftmaxCrossEntropyLoss", [12, 13])];

    private LossOperators(string type, int[] versions)
    {
        Type = type;
        Versions = versions;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    private bool TakesLogarithm => Type == "SoftmaxCrossEntropyLoss";

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        Shape scores = node.Input(0).Shape, classes = node.Input(1).Shape;
        if (node.Input(1).ElementType is not (ElementType.Int32 or ElementType.Int64))
        {
            throw new ModelException(node, $"input 1 ('{node.Input(1).Name}') has elements of type {node.Input(1).ElementType.OnnxName()}; classes are int32 or int64");
        }

        if (scores.Rank < 2 || classes.Rank != scores.Rank - 1)
        {
            throw new ModelException(node, $"classes of shape {classes} do not fit scores of shape {scores}: all axes but the second are expected");
        }

        if (node.OptionalInput(2) is { } weights)
        {
            ElementTypeSet.RequireEqual(node, 0, 2);
            if (weights.Shape.Rank != 1 || (weights.Shape[0] - scores[ClassAxis]).Value is not (null or 0))
            {
                throw new ModelException(node, $"weights of shape {weights.Shape} do not fit {scores[ClassAxis]} classes");
            }
        }

        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, Reduction(node) == "none" ? classes : Shape.Scalar));
        if (node.OptionalOutput(1) is { } logarithms)
        {
            context.SetType(logarithms, node.Input(0).Type!);
        }
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value scores = formula.Widen(node.Input(0));
        if (TakesLogarithm)
        {
            scores = context.Add("LogSoftmax", [("axis", (long)ClassAxis)], scores);
            context.Replace(node.OptionalOutput(1), formula.Cast(scores, node.Input(0).ElementType));
        }

        context.Replace(node.Output, formula.Cast(Loss(node, scores, context, formula), node.Output.ElementType));
        return true;
    }

    private static Value Loss(Node node, Value scores, ExpansionContext context, Formula formula)
    {
        Value classes = node.Input(1);
        Value? ignored = node.Attributes.ContainsKey("ignore_index") ? context.Add("Equal", classes, formula.Number(node.IntegerAttribute("ignore_index", 0), classes)) : null;
        if (ignored is not null)
        {
            // An ignored class need not be one: what is read instead does not matter.
            classes = formula.Where(ignored, formula.Number(0, classes), classes);
        }

        Value picked = context.Add("GatherElements", [("axis", (long)ClassAxis)], scores, context.Add("Unsqueeze", classes, context.Integers(ClassAxis)));
        Value losses = formula.Apply("Neg", formula.Squeeze(picked, [ClassAxis]));
        Value? weights = node.OptionalInput(2) is { } given ? context.Add("Gather", formula.Widen(given), classes) : null;
        if (ignored is not null)
        {
            Value zero = formula.Number(0, losses);
            losses = formula.Where(ignored, zero, losses);
            weights = formula.Where(ignored, zero, weights ?? formula.Number(1, losses));
        }

        Value weighted = weights is null ? losses : formula.Multiply(losses, weights);
        int[] axes = [.. Enumerable.Range(0, losses.Shape.Rank)];
        return Reduction(node) switch
        {
            "none" => weighted,
            "sum" => formula.Sum(weighted, axes, keepsAxes: false),
            _ when weights is null => formula.Reduce("ReduceMean", weighted, axes, keepsAxes: false),
            _ => formula.Divide(formula.Sum(weighted, axes, keepsAxes: false), formula.Sum(weights, axes, keepsAxes: false)),
        };
    }

    private static string Reduction(Node node) => node.StringAttribute("reduction", "mean") is var reduction && reduction is "none" or "sum" or "mean"
        ? reduction
        : throw new ModelException(node, $"attribute 'reduction' is '{reduction}'; known are 'none', 'sum' and 'mean'");
}
