using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// com.microsoft.QLinearReduceMean: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearReduceMean. The mean of 8-bit integers over axes, all without any, with
/// scale and zero point of input and result. Becomes DequantizeLinear, ReduceMean and QuantizeLinear.
/// </summary>
internal static class QuantizedReductionOperators
{
    public static readonly IReadOnlyList<Operator> All = [new ComposedOperator("QLinearReduceMean", Infer, Write)];

    private static TensorType[] Infer(Node node)
    {
        Value x = node.Input(0);
        if (x.ElementType is not (ElementType.UInt8 or ElementType.Int8))
        {
            throw ModelException.Unsupported(node, $"elements of type {x.ElementType.OnnxName()} are not supported");
        }

        for (int input = 1; input < 5; input++)
        {
            bool isScale = input is 1 or 3;
            if (isScale || node.OptionalInput(input) is not null)
            {
                Value parameter = node.Input(input);
                if (parameter.ElementType != (isScale ? ElementType.Float32 : x.ElementType) || parameter.Shape.ElementCount.Value != 1)
                {
                    throw new ModelException(node, $"input {input} is {parameter.Type} and must be one number of {(isScale ? "float32" : x.ElementType.OnnxName())}");
                }
            }
        }

        int[] axes = Axes(node);
        bool keeps = node.IntegerAttribute("keepdims", 1) != 0;
        return [new TensorType(x.ElementType, new Shape([.. x.Shape.Select((size, axis) => axes.Contains(axis) ? Dimension.One : size).Where((_, axis) => keeps || !axes.Contains(axis))]))];
    }

    private static int[] Axes(Node node)
    {
        int rank = node.Input(0).Shape.Rank;
        return node.IntegersAttribute("axes") is { Length: > 0 } axes ? [.. axes.Select(axis => ShapeMath.Axis(node, axis, rank)).Distinct()] : [.. Enumerable.Range(0, rank)];
    }

    private static Value[] Write(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value mean = formula.Mean(LinearQuantization.Dequantize(context, node.Input(0), node.Input(1), node.OptionalInput(2)), Axes(node), node.IntegerAttribute("keepdims", 1) != 0);
        return [LinearQuantization.Quantize(context, mean, node.Input(3), node.Output.ElementType, node.OptionalInput(4))];
    }
}
