using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// SkipLayerNormalization and SkipSimplifiedLayerNormalization of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md.
/// Normalises input + skip + bias over the last axis. Inputs: input, skip, gamma, then beta and bias (the simplified one has no beta). Outputs: the result,
/// mean, inverse deviation, the sum. The sum and all that follows is computed in float32 where the types are 16 bits wide.
/// </summary>
internal sealed class SkipNormalizationOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new SkipNormalizationOperators("SkipLayerNormalization", centers: true),
        new SkipNormalizationOperators("SkipSimplifiedLayerNormalization", centers: false),
    ];

    private readonly bool _centers;

    private SkipNormalizationOperators(string type, bool centers)
    {
        Type = type;
        _centers = centers;
    }

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        Value x = node.Input(0);
        for (int input = 1; input < Math.Max(3, node.Inputs.Count); input++)
        {
            if (input < 3 || node.OptionalInput(input) is not null)
            {
                ElementTypeSet.RequireEqual(node, 0, input);
                RequireFit(node, input, x.Shape, context);
            }
        }

        context.SetType(node.Output, x.RequiredType);
        var statistics = new TensorType(ElementType.Float32, new Shape([.. x.Shape.Take(x.Shape.Rank - 1), Dimension.One]));
        for (int output = 1; output < node.Outputs.Count; output++)
        {
            if (node.OptionalOutput(output) is { } value)
            {
                context.SetType(value, output == 3 ? x.RequiredType : statistics);
            }
        }
    }

    /// <summary>The skip may be that of one row for all; its sequence and width are the input's, as is the length of the others.</summary>
    private static void RequireFit(Node node, int input, Shape x, InferenceContext context)
    {
        Shape shape = node.Input(input).Shape;
        int axes = input == 1 ? Math.Min(x.Rank, 2) : 1;
        if (shape.Rank < axes || (input > 1 && shape.Rank > 1) || !ShapeMath.BroadcastsTo(node, shape, x, context)
            || Enumerable.Range(1, axes).Any(axis => (shape[shape.Rank - axis] - x[x.Rank - axis]).Value is not (null or 0)))
        {
            throw new ModelException(node, $"input {input} of shape {shape} does not fit the input's {x}");
        }

        for (int axis = 1; axis <= axes; axis++)
        {
            context.RequireEqual(node, shape[shape.Rank - axis], x[x.Rank - axis], $"the input and input {input}");
        }
    }

    /// <summary>Becomes additions and the canonical normalization; 16-bit types are added in float32, as the operator does.</summary>
    public override bool Normalize(Node node, ExpansionContext context)
    {
        if (!_centers && node.OptionalOutput(1) is { } mean && (mean.Consumers.Count > 0 || context.Graph.IsOutput(mean)))
        {
            throw ModelException.Unsupported(node, "output 1 (the mean) is not computed by this operator");
        }

        var formula = new Formula(context);
        Value x = node.Input(0);
        Value sum = formula.Add(formula.Widen(x), formula.Widen(node.Input(1)));
        if (node.OptionalInput(_centers ? 4 : 3) is { } bias)
        {
            sum = formula.Add(sum, formula.Widen(bias));
        }

        Value? beta = _centers && node.OptionalInput(3) is { } given ? formula.Widen(given) : null;
        Value result = NormalizationOperators.Write(
            context, _centers, sum, formula.Widen(node.Input(2)), beta, -1, node.FloatAttribute("epsilon", 1e-12f), node.OptionalOutput(1), node.OptionalOutput(2));
        context.Replace(node.Output, formula.Cast(result, x.ElementType));
        context.Replace(node.OptionalOutput(3), formula.Cast(sum, x.ElementType));
        return true;
    }
}
