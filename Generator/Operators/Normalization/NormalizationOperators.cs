using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// LayerNormalization (17; 1 as ONNX Runtime had it before), RMSNormalization (23; a second output, as SimplifiedLayerNormalization has it, gives the inverse
/// root mean square) and ONNX Runtime's SimplifiedLayerNormalization (also in ONNX's own domain): https://onnx.ai/onnx/operators/onnx__LayerNormalization.html, https://onnx.ai/onnx/operators/onnx__RMSNormalization.html. Rows are all axes from
/// <c>axis</c> on. Mean and variance are taken in two passes, in float32 (float64 for float64 inputs) whatever <c>stash_type</c> says, which gives the type of
/// the statistics' outputs; the normalised row is rounded to the input's type before it is scaled.
/// </summary>
internal sealed class NormalizationOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new NormalizationOperators("LayerNormalization", [1, 17], "", centers: true),
        new NormalizationOperators("RMSNormalization", [23], "", centers: false),
        new NormalizationOperators("SimplifiedLayerNormalization", [1], "", centers: false),
        new NormalizationOperators("SimplifiedLayerNormalization", [1], PointwiseFunction.MicrosoftDomain, centers: false),
    ];

    private readonly bool _centers;

    private NormalizationOperators(string type, int[] versions, string domain, bool centers)
    {
        Type = type;
        Versions = versions;
        Domain = domain;
        _centers = centers;
    }

    public override string Type { get; }

    public override string Domain { get; }

    public override IReadOnlyList<int> Versions { get; }

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        ElementTypeSet.Floating.Require(node, 1);
        Value x = node.Input(0);
        int axis = Axis(node);
        for (int input = 1; input < node.Inputs.Count; input++)
        {
            if (node.OptionalInput(input) is { } factor && !ShapeMath.BroadcastsTo(node, factor.Shape, x.Shape, context))
            {
                throw new ModelException(node, $"input {input} of shape {factor.Shape} does not broadcast to {x.Shape}");
            }
        }

        // The scale's type is the result's: ONNX lets it differ from the input's in RMSNormalization alone.
        context.SetType(node.Output, new TensorType(node.Input(1).ElementType, x.Shape));
        var statistics = new TensorType(StatisticsType(node), new Shape([.. x.Shape.Select((size, current) => current < axis ? size : Dimension.One)]));
        foreach (Value? output in node.Outputs.Skip(1))
        {
            if (output is not null)
            {
                context.SetType(output, statistics);
            }
        }
    }

    /// <summary>ONNX Runtime's operator becomes ONNX's.</summary>
    public override bool Normalize(Node node, ExpansionContext context)
    {
        if (Type != "SimplifiedLayerNormalization")
        {
            return false;
        }

        context.Replace(node.Output, Write(
            context, centers: false, node.Input(0), node.Input(1), null, node.IntegerAttribute("axis", -1), node.FloatAttribute("epsilon", 1e-5f), null, node.OptionalOutput(1),
            StatisticsType(node)));
        return true;
    }

    /// <summary>
    /// Writes a canonical normalization and returns its result. The mean (of layer normalization) and the inverse deviation are written where they are asked for.
    /// </summary>
    public static Value Write(
        ExpansionContext context, bool centers, Value x, Value scale, Value? bias, long axis, float epsilon, Value? mean, Value? inverseDeviation,
        ElementType statisticsType = ElementType.Float32)
    {
        Value?[] statistics = centers ? [mean, inverseDeviation] : [inverseDeviation];
        int outputs = 1 + (statistics.Any(output => output is not null) ? statistics.Length : 0);
        Value?[] inputs = bias is null ? [x, scale] : [x, scale, bias];
        (string, object)[] attributes = [("axis", axis), ("epsilon", epsilon), ("stash_type", (long)statisticsType)];
        Value result = context.AddWithOutputs(centers ? "LayerNormalization" : "RMSNormalization", attributes, inputs, outputs, out Node added);
        for (int output = 1; output < outputs; output++)
        {
            context.Replace(statistics[output - 1], added.OptionalOutput(output)!);
        }

        return result;
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = node.Input(0);
        int axis = Axis(node);
        RowStatistics statistics = RowStatistics.Write(formula, formula.Widen(x), [.. Enumerable.Range(axis, x.Shape.Rank - axis)], node.FloatAttribute("epsilon", 1e-5f), _centers);
        ElementType type = node.Output.ElementType;
        Value result = formula.Multiply(formula.Cast(formula.Cast(statistics.Normalized, x.ElementType), type), node.Input(1));
        if (_centers && node.OptionalInput(2) is { } bias)
        {
            result = formula.Add(result, bias);
        }

        context.Replace(node.Output, result);
        if (_centers)
        {
            context.Replace(node.OptionalOutput(1), formula.Cast(statistics.Mean!, StatisticsType(node)));
        }

        Value? inverse = node.OptionalOutput(_centers ? 2 : 1);
        if (inverse is not null)
        {
            context.Replace(inverse, formula.Cast(statistics.InverseDeviation, StatisticsType(node)));
        }

        return true;
    }

    private static int Axis(Node node) => ShapeMath.Axis(node, node.IntegerAttribute("axis", -1), node.Input(0).Shape.Rank);

    private static ElementType StatisticsType(Node node)
    {
        var type = (ElementType)node.IntegerAttribute("stash_type", (long)ElementType.Float32);
        return type.IsFloat() ? type : throw new ModelException(node, $"attribute 'stash_type' is {(int)type}, which is no floating-point type");
    }
}
