using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// CausalConvWithState of ONNX (version 27) and com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.CausalConvWithState. A depthwise
/// convolution over [batch, channels, length] that sees the past only: the last elements of the past (zeros where there is none) stand before the input, and those of both are the
/// next past. <c>activation</c> is "none", or "silu" and its other name "swish". One spatial axis.
/// </summary>
internal sealed class CausalConvWithStateOperator : Operator
{
    private const int Bias = 2, Past = 3;

    public static readonly IReadOnlyList<Operator> All = [new CausalConvWithStateOperator(""), new CausalConvWithStateOperator(PointwiseFunction.MicrosoftDomain)];

    private CausalConvWithStateOperator(string domain) => Domain = domain;

    public override string Domain { get; }

    public override string Type => "CausalConvWithState";

    public override IReadOnlyList<int> Versions => Domain.Length > 0 ? [1] : [27];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        ElementTypeSet.RequireEqual(node, 0, 1);
        Shape x = node.Input(0).Shape, weights = node.Input(1).Shape;
        if (x.Rank != 3 || weights.Rank != 3 || node.IntegerAttribute("ndim", 1) != 1)
        {
            throw ModelException.Unsupported(node, $"an input of shape {x} with weights {weights}; one spatial axis is supported");
        }

        if (weights[1].Value is not (null or 1) || (weights[0] - x[1]).Value is not (null or 0) || !weights[2].IsStatic)
        {
            throw new ModelException(node, $"weights of shape {weights} are not those of a depthwise convolution over {x}");
        }

        var state = new Shape([x[0], x[1], weights[2] - 1]);
        if (node.OptionalInput(Past) is { } past && (past.Shape.Rank != 3 || Enumerable.Range(0, 3).Any(axis => (past.Shape[axis] - state[axis]).Value is not (null or 0))))
        {
            throw new ModelException(node, $"a past of shape {past.Shape} is not {state}");
        }

        Activation(node);
        context.SetType(node.Output, node.Input(0).Type!);
        if (node.OptionalOutput(1) is { } present)
        {
            context.SetType(present, new TensorType((node.OptionalInput(Past) ?? node.Input(0)).ElementType, state));
        }
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = node.Input(0);
        long kept = node.Input(1).Shape[2].Constant - 1;
        Value joined = kept == 0 ? x
            : node.OptionalInput(Past) is { } past ? context.Add("Concat", [("axis", 2L)], formula.Cast(past, x.ElementType), x)
            : context.Add("Pad", x, context.Integers(0, 0, kept, 0, 0, 0), formula.Number(0, x));
        Value result = context.Add("Conv", [("group", Channels(node))], joined, node.Input(1), node.OptionalInput(Bias));
        context.Replace(node.Output, Activation(node) == "none" ? result : context.Add("Swish", result));
        if (node.OptionalOutput(1) is { } present)
        {
            // A slice cannot begin behind its end: without a past there is nothing to keep.
            Value last = kept == 0
                ? context.Add("Slice", joined, context.Integers(0), context.Integers(0), context.Integers(2))
                : context.Add("Slice", joined, context.Integers(-kept), context.Integers(long.MaxValue), context.Integers(2));
            context.Replace(present, formula.Cast(last, present.ElementType));
        }

        return true;
    }

    private static long Channels(Node node) => node.Input(1).Shape[0].Value
        ?? throw ModelException.Unsupported(node, $"weights of shape {node.Input(1).Shape} have an open number of channels");

    private static string Activation(Node node) => node.StringAttribute("activation", "none") is var activation && activation is "none" or "silu" or "swish"
        ? activation
        : throw new ModelException(node, $"attribute 'activation' is '{activation}'; known are 'none', 'silu' and 'swish'");
}
