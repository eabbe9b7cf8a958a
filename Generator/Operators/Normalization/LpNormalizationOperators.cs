using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// LpNormalization (p 1 or 2; rows whose norm is 0 stay 0) and MeanVarianceNormalization: https://onnx.ai/onnx/operators/onnx__LpNormalization.html,
/// https://onnx.ai/onnx/operators/onnx__MeanVarianceNormalization.html. The latter adds 1e-9 to the deviation as its ONNX function does.
/// </summary>
internal sealed class LpNormalizationOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new LpNormalizationOperators("LpNormalization", [1, 22]), new LpNormalizationOperators("MeanVarianceNormalization", [1, 9, 13])];

    private LpNormalizationOperators(string type, int[] versions)
    {
        Type = type;
        Versions = versions;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        Axes(node);
        if (Type == "LpNormalization" && node.IntegerAttribute("p", 2) is not (1 or 2) and var p)
        {
            throw new ModelException(node, $"attribute 'p' is {p}; it must be 1 or 2");
        }

        context.SetType(node.Output, node.Input(0).RequiredType);
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = formula.Widen(node.Input(0));
        IReadOnlyList<int> axes = Axes(node);
        Value result;
        if (Type == "LpNormalization")
        {
            Value norm = LpNorm.Write(formula, context, x, axes, node.IntegerAttribute("p", 2));
            // Elements of a row whose norm is 0 are 0: any divisor other than 0 keeps them so.
            Value divisor = formula.Where(context.Add("Equal", norm, formula.Number(0, x)), formula.Number(1, x), norm);
            result = formula.Divide(x, divisor);
        }
        else
        {
            Value deviation = formula.Subtract(x, formula.Mean(x, axes));
            bool divides = node.IntegerAttribute("normalize_variance", 1) != 0;
            Value root = formula.Apply("Sqrt", formula.Mean(formula.Multiply(deviation, deviation), axes));
            result = divides ? formula.Divide(deviation, formula.Add(root, formula.Number(1e-9, x))) : deviation;
        }

        context.Replace(node.Output, formula.Cast(result, node.Output.ElementType));
        return true;
    }

    private IReadOnlyList<int> Axes(Node node)
    {
        int rank = node.Input(0).Shape.Rank;
        if (Type == "LpNormalization")
        {
            return [ShapeMath.Axis(node, node.IntegerAttribute("axis", -1), rank)];
        }

        // Before it was an ONNX operator, ONNX Runtime's had an attribute for statistics across channels.
        long[] axes = node.Version < 9
            ? node.IntegerAttribute("across_channels", 0) != 0 ? [0, 1, 2, 3] : [0, 2, 3]
            : node.IntegersAttribute("axes") ?? [0, 2, 3];
        return [.. axes.Select(axis => ShapeMath.Axis(node, axis, rank)).OrderBy(axis => axis)];
    }
}
