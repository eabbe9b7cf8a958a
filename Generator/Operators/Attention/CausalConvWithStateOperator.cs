using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// CausalConvWithState of ONNX (version 27) and com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.CausalConvWithState. A depthwise
/// convolution over [batch, channels, length] that sees the past only: the last elements of the past (zeros where there is none) stand before the input, and those of both are the
/// next past. <c>activation</c> is "none", or "silu" and its other name "swish". One spatial axis. com.microsoft also has <c>dilation</c>, and <c>channels_last</c> for [batch, length, …] with any
/// axes of channels; its states after several positions (<c>state_window</c>) are refused.
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
        if (node.IntegerAttribute("state_window", 0) != 0)
        {
            throw ModelException.Unsupported(node, "states after several positions (state_window)");
        }

        Shape given = node.Input(0).Shape, weights = node.Input(1).Shape;
        if ((IsLast(node) ? given.Rank < 3 : given.Rank != 3) || weights.Rank != 3 || node.IntegerAttribute("ndim", 1) != 1)
        {
            throw ModelException.Unsupported(node, $"an input of shape {given} with weights {weights}; one spatial axis is supported");
        }

        var channels = new Shape(IsLast(node) ? [.. given.Skip(2)] : [given[1]]);
        if (weights[1].Value is not (null or 1) || (weights[0] - channels.ElementCount).Value is not (null or 0) || !weights[2].IsStatic || Dilation(node) < 1)
        {
            throw new ModelException(node, $"weights of shape {weights} with dilation {Dilation(node)} are not those of a depthwise convolution over {given}");
        }

        Dimension kept = Dilation(node) * (weights[2] - 1);
        var state = IsLast(node) ? new Shape([given[0], kept, .. channels]) : new Shape([given[0], .. channels, kept]);
        if (node.OptionalInput(Past) is { } past && (past.Shape.Rank != state.Rank || Enumerable.Range(0, state.Rank).Any(axis => (past.Shape[axis] - state[axis]).Value is not (null or 0))))
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
        Value x = First(node.Input(0), node, context);
        long kept = Dilation(node) * (node.Input(1).Shape[2].Constant - 1);
        Value joined = kept == 0 ? x
            : node.OptionalInput(Past) is { } past ? context.Add("Concat", [("axis", 2L)], formula.Cast(First(past, node, context), x.ElementType), x)
            : context.Add("Pad", x, context.Integers(0, 0, kept, 0, 0, 0), formula.Number(0, x));
        Value result = context.Add("Conv", [("group", Channels(node)), ("dilations", new[] { Dilation(node) })], joined, node.Input(1), node.OptionalInput(Bias));
        context.Replace(node.Output, Last(Activation(node) == "none" ? result : context.Add("Swish", result), node.Output.Shape, node, context));
        if (node.OptionalOutput(1) is { } present)
        {
            // A slice cannot begin behind its end: without a past there is nothing to keep.
            Value last = kept == 0
                ? context.Add("Slice", joined, context.Integers(0), context.Integers(0), context.Integers(2))
                : context.Add("Slice", joined, context.Integers(-kept), context.Integers(long.MaxValue), context.Integers(2));
            context.Replace(present, formula.Cast(Last(last, present.Shape, node, context), present.ElementType));
        }

        return true;
    }

    private static long Dilation(Node node) => node.Domain.Length > 0 ? node.IntegerAttribute("dilation", 1) : 1;

    private static bool IsLast(Node node) => node.Domain.Length > 0 && node.IntegerAttribute("channels_last", 0) != 0;

    /// <summary>[batch, channels, length] of what has its channels last.</summary>
    private static Value First(Value x, Node node, ExpansionContext context)
    {
        if (!IsLast(node))
        {
            return x;
        }

        Value flat = x.Shape.Rank == 3 ? x : context.Add("Reshape", x, context.Sizes(x.Shape[0], x.Shape[1], Channels(node)));
        return new Formula(context).Transpose(flat, 0, 2, 1);
    }

    /// <summary>[batch, channels, length] under a shape that has its channels last.</summary>
    private static Value Last(Value x, Shape shape, Node node, ExpansionContext context)
    {
        if (!IsLast(node))
        {
            return x;
        }

        Value moved = new Formula(context).Transpose(x, 0, 2, 1);
        return shape.Rank == 3 ? moved : context.Add("Reshape", moved, context.Sizes([.. shape]));
    }

    private static long Channels(Node node) => node.Input(1).Shape[0].Value
        ?? throw ModelException.Unsupported(node, $"weights of shape {node.Input(1).Shape} have an open number of channels");

    private static string Activation(Node node) => node.StringAttribute("activation", "none") is var activation && activation is "none" or "silu" or "swish"
        ? activation
        : throw new ModelException(node, $"attribute 'activation' is '{activation}'; known are 'none', 'silu' and 'swish'");
}
