using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// cameo.IntegerConv: a convolution of 8-bit integers with Conv's attributes; the sums as int32 or (attribute <c>to</c>) as float32. QLinearConv, ConvInteger and Q/DQ pairs
/// around Conv end here. Inputs: 0 x int8 or uint8; 1 weights int8 or uint8; 2 zero point of x; 3 zero point of the weights: one, or one an output channel.
/// </summary>
internal sealed class IntegerConvOperator : Operator
{
    public const string Name = OperatorRegistry.InternalDomain + ".IntegerConv";

    public static readonly IReadOnlyList<Operator> All = [new IntegerConvOperator()];

    public override string Domain => OperatorRegistry.InternalDomain;

    public override string Type => "IntegerConv";

    public override IReadOnlyList<int> Versions => [1];

    /// <summary>Writes the convolution with the attributes of a node that has Conv's; <paramref name="type"/> is int32 or float32.</summary>
    public static Value Write(ExpansionContext context, Node like, ElementType type, Value x, Value weights, Value? zeroX, Value? zeroWeights) =>
        context.Add(Name, [.. ConvAttributes(like), ("to", (object)(long)type)], x, weights, zeroX, zeroWeights);

    public override void Infer(Node node, InferenceContext context) =>
        context.SetType(node.Output, new TensorType((ElementType)node.IntegerAttribute("to", (long)ElementType.Int32), ConvOperator.ResultShape(node, node.Input(0).Shape, node.Input(1).Shape, context.Symbols)));

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = formula.Cast(node.Input(0), ElementType.Float32);
        Value weights = formula.Cast(node.Input(1), ElementType.Float32);
        if (node.OptionalInput(2) is { } zeroX)
        {
            x = formula.Subtract(x, LinearQuantization.Scalar(formula, formula.Cast(zeroX, ElementType.Float32)));
        }

        if (node.OptionalInput(3) is { } zeroWeights)
        {
            Value zero = LinearQuantization.Scalar(formula, formula.Cast(zeroWeights, ElementType.Float32));
            weights = formula.Subtract(weights, zero.Shape.Rank == 0 ? zero : formula.AlongAxis(zero, 0, weights.Shape.Rank));
        }

        context.Replace(node.Output, formula.Cast(context.Add("Conv", [.. ConvAttributes(node)], x, weights), node.Output.ElementType));
        return true;
    }

    private static IEnumerable<(string, object)> ConvAttributes(Node node) => node.Attributes.Values
        .Where(attribute => attribute.Name is "auto_pad" or "dilations" or "group" or "kernel_shape" or "pads" or "strides")
        .Select(attribute => (attribute.Name, attribute.Value));
}
