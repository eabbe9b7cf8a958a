using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// com.microsoft's layers on quantised tensors: QLinearAveragePool and QLinearGlobalAveragePool (both with <c>channels_last</c>), QLinearSoftmax (attribute <c>opset</c> says which
/// Softmax is meant), QLinearConcat (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md). They become DequantizeLinear, the layer on floating-point
/// numbers and QuantizeLinear.
/// </summary>
internal sealed class QuantizedLayerOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new QuantizedLayerOperators("QLinearAveragePool"),
        new QuantizedLayerOperators("QLinearGlobalAveragePool"),
        new QuantizedLayerOperators("QLinearSoftmax"),
        new QuantizedLayerOperators("QLinearConcat"),
    ];

    private QuantizedLayerOperators(string type) => Type = type;

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type { get; }

    public override IReadOnlyList<int> Versions => [1];

    private static bool IsChannelsLast(Node node) => node.IntegerAttribute("channels_last", 0) != 0;

    public override void Infer(Node node, InferenceContext context)
    {
        Value x = node.Input(Type == "QLinearConcat" ? 2 : 0);
        Shape channelsFirst = IsChannelsLast(node) ? ChannelsLast.ToFirst(x.Shape) : x.Shape;
        Shape shape = Type switch
        {
            "QLinearAveragePool" => PoolOperators.ResultShape(node, channelsFirst, context.Symbols),
            "QLinearGlobalAveragePool" => new Shape([.. channelsFirst.Select((size, axis) => axis < 2 ? size : Dimension.One)]),
            "QLinearConcat" => ConcatenatedShape(node),
            _ => x.Shape,
        };
        ElementType type = Type == "QLinearConcat" ? node.OptionalInput(1)?.ElementType ?? x.ElementType : x.ElementType;
        context.SetType(node.Output, new TensorType(type, IsChannelsLast(node) ? ChannelsLast.ToLast(shape) : shape));
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value result;
        int scale = Type == "QLinearConcat" ? 0 : 3;
        if (Type == "QLinearConcat")
        {
            Value[] parts = [.. Enumerable.Range(0, Parts(node)).Select(part => Operand(node, context, 2 + 3 * part))];
            result = context.Add("Concat", [("axis", node.IntegerAttribute("axis", 0))], parts);
        }
        else if (Type == "QLinearSoftmax")
        {
            result = Softmax(node, context, formula);
        }
        else
        {
            Value x = Operand(node, context, 0);
            x = IsChannelsLast(node) ? ChannelsLast.ToFirst(formula, x) : x;
            (string, object)[] attributes = [.. node.Attributes.Values.Where(attribute => attribute.Name != "channels_last").Select(attribute => (attribute.Name, attribute.Value))];
            result = Type == "QLinearAveragePool" ? context.Add("AveragePool", attributes, x) : context.Add("GlobalAveragePool", x);
            result = IsChannelsLast(node) ? ChannelsLast.ToLast(formula, result) : result;
        }

        Value steps = Type == "QLinearSoftmax" ? WholeSteps(node.Input(scale), formula) : node.Input(scale);
        context.Replace(node.Output, LinearQuantization.Quantize(context, result, steps, node.Output.ElementType, node.OptionalInput(scale + 1)));
        return true;
    }

    /// <summary>The result's scale with a whole number of steps to 1, as ONNX Runtime rounds it down: 1 / floor(1 / scale).</summary>
    private static Value WholeSteps(Value scale, Formula formula) => formula.Apply("Reciprocal", formula.Apply("Floor", formula.Apply("Reciprocal", scale)));

    private static Value Softmax(Node node, ExpansionContext context, Formula formula)
    {
        Value x = Operand(node, context, 0);
        long axis = node.IntegerAttribute("axis", -1);
        if (node.IntegerAttribute("opset", 13) >= 13)
        {
            return context.Add("Softmax", [("axis", axis)], x);
        }

        // Softmax before opset 13 normalises all axes from its own on together.
        Value flat = context.Add("Flatten", [("axis", (long)ShapeMath.Axis(node, axis, x.Shape.Rank))], x);
        return formula.ReshapeLike(context.Add("Softmax", [("axis", -1L)], flat), x);
    }

    private static Value Operand(Node node, ExpansionContext context, int input) =>
        LinearQuantization.Dequantize(context, node.Input(input), node.Input(input + 1), node.OptionalInput(input + 2));

    private static int Parts(Node node)
    {
        if (node.Inputs.Count < 5 || (node.Inputs.Count - 2) % 3 != 0)
        {
            throw new ModelException(node, $"{node.Inputs.Count} inputs are not a scale, a zero point and three for each part");
        }

        return (node.Inputs.Count - 2) / 3;
    }

    /// <summary>The result's type is that of all parts and of their zero points.</summary>
    private static void CheckTypes(Node node, int part)
    {
        ElementType type = node.Input(2).ElementType;
        if (type is not (ElementType.UInt8 or ElementType.Int8))
        {
            throw ModelException.Unsupported(node, $"elements of type {type.OnnxName()} are not supported");
        }

        ElementTypeSet.RequireEqual(node, 2, part);
        foreach (int zero in new[] { 1, part + 2 }.Where(zero => node.OptionalInput(zero) is not null))
        {
            ElementTypeSet.RequireEqual(node, 2, zero);
        }

        if (node.Input(part + 1).ElementType != ElementType.Float32 || node.Input(0).ElementType != ElementType.Float32)
        {
            throw new ModelException(node, "scales must be float32");
        }
    }

    private static Shape ConcatenatedShape(Node node)
    {
        Shape shape = node.Input(2).Shape;
        int axis = ShapeMath.Axis(node, node.IntegerAttribute("axis", 0), shape.Rank);
        Dimension size = shape[axis];
        for (int part = 0; part < Parts(node); part++)
        {
            CheckTypes(node, 2 + 3 * part);
        }

        for (int part = 1; part < Parts(node); part++)
        {
            Shape other = node.Input(2 + 3 * part).Shape;
            if (other.Rank != shape.Rank)
            {
                throw new ModelException(node, $"inputs have the shapes {shape} and {other}");
            }

            size += other[axis];
        }

        return new Shape([.. shape.Select((old, index) => index == axis ? size : old)]);
    }
}
