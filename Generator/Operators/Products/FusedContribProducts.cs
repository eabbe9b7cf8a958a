using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Products of com.microsoft that are ONNX's with something around them: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. NhwcConv and NhwcFusedConv (tensors
/// [batch, …, channels], weights as ONNX has them; a sum and an activation), FusedMatMulActivation (FusedMatMul, then any activation or normalisation that ONNX Runtime fuses), GemmFloat8
/// (alpha · A · B + beta · C, with scales of operands and result, the result in the type that <c>dtype</c> says), SparseToDenseMatMul (alpha · A · B, A a sparse initializer or constant, which is dense
/// here).
/// </summary>
internal static class FusedContribProducts
{
    private static readonly string[] ActivationAttributes = ["activation", "activation_params", "activation_alpha", "activation_beta", "activation_gamma", "activation_axis"];

    public static readonly IReadOnlyList<Operator> All =
    [
        new ComposedOperator("NhwcConv", InferConv, WriteConv),
        new ComposedOperator("NhwcFusedConv", InferConv, WriteConv),
        new ComposedOperator("FusedMatMulActivation", InferMatMul, WriteMatMul),
        new ComposedOperator("GemmFloat8", InferGemm, WriteGemm),
        new ComposedOperator("SparseToDenseMatMul", InferSparse, WriteSparse),
    ];

    private static TensorType[] InferConv(Node node, InferenceContext context)
    {
        FusedActivation.Require(node);
        ElementTypeSet.Floating.Require(node, 0);
        ElementTypeSet.RequireEqual(node, 0, 1);
        if (node.Input(0).Shape.Rank < 3)
        {
            throw new ModelException(node, $"an input of shape {node.Input(0).Shape} must be [batch, …, channels]");
        }

        Shape shape = ChannelsLast.ToLast(ConvOperator.ResultShape(node, ChannelsLast.ToFirst(node.Input(0).Shape), node.Input(1).Shape, context));
        if (node.OptionalInput(3) is { } sum && (sum.Shape.Rank != shape.Rank || Enumerable.Range(0, shape.Rank).Any(axis => (sum.Shape[axis] - shape[axis]).Value is not (null or 0))))
        {
            throw new ModelException(node, $"Z of shape {sum.Shape} must have the result's shape {shape}");
        }

        return [new TensorType(node.Input(0).ElementType, shape)];
    }

    private static Value[] WriteConv(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value result = ChannelsLast.ToLast(formula, context.Add("Conv", Others(node), ChannelsLast.ToFirst(formula, node.Input(0)), node.Input(1), node.OptionalInput(2)));
        result = node.OptionalInput(3) is { } sum ? formula.Add(result, sum) : result;
        return [FusedActivation.Apply(node, context, result, [.. (node.FloatsAttribute("activation_params") ?? []).Select(value => (float?)value)])];
    }

    private static (string, object)[] Others(Node node) =>
        [.. node.Attributes.Values.Where(attribute => !ActivationAttributes.Contains(attribute.Name)).Select(attribute => (attribute.Name, attribute.Value))];

    private static TensorType[] InferMatMul(Node node, InferenceContext context)
    {
        Activation(node, null, null);
        return [FusedMatMulOperator.ResultType(node, context)];
    }

    private static Value[] WriteMatMul(Node node, ExpansionContext context) =>
        [Activation(node, context.Add($"{PointwiseFunction.MicrosoftDomain}.FusedMatMul", Others(node), node.Input(0), node.Input(1)), context)!];

    /// <summary>The activation of a value; without one only its name is checked.</summary>
    private static Value? Activation(Node node, Value? x, ExpansionContext? context)
    {
        string type = node.StringAttribute("activation", "");
        float Parameter(string name, float fallback) => node.FloatAttribute($"activation_{name}", fallback);
        (string, object)[]? attributes = type switch
        {
            "Relu" or "Tanh" or "Sigmoid" or "Softplus" or "Softsign" => [],
            "LeakyRelu" => [("alpha", Parameter("alpha", 0.01f))],
            "Elu" => [("alpha", Parameter("alpha", 1))],
            "HardSigmoid" => [("alpha", Parameter("alpha", 0.2f)), ("beta", Parameter("beta", 0.5f))],
            "Selu" => [("alpha", Parameter("alpha", 1.67326319217681884765625f)), ("gamma", Parameter("gamma", 1.05070102214813232421875f))],
            "ThresholdedRelu" => [("alpha", Parameter("alpha", 1))],
            "Softmax" or "LogSoftmax" or "Hardmax" => [("axis", node.IntegerAttribute("activation_axis", -1))],
            _ => throw ModelException.Unsupported(node, $"activation '{type}' is not supported"),
        };
        return x is null || context is null ? null : context.Add(type, attributes, x);
    }

    private static TensorType[] InferGemm(Node node)
    {
        foreach (int input in new[] { 0, 1 })
        {
            if (node.Input(input).ElementType is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16 or ElementType.Float8E4M3FN or ElementType.Float8E5M2) || node.Input(input).Shape.Rank != 2)
            {
                throw new ModelException(node, $"input {input} is {node.Input(input).Type}; needed are two axes of float32, 16-bit numbers, float8e4m3fn or float8e5m2");
            }
        }

        var result = (ElementType)node.IntegerAttribute("dtype", 1);
        if (result is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16 or ElementType.Float8E4M3FN or ElementType.Float8E5M2))
        {
            throw new ModelException(node, $"attribute 'dtype' is {(int)result}, which is none of the result's types");
        }

        if (node.StringAttribute("activation", "NONE") is var activation and not ("NONE" or "RELU" or "GELU"))
        {
            throw new ModelException(node, $"attribute 'activation' is '{activation}'; known are NONE, RELU and GELU");
        }

        for (int input = 3; input < 6; input++)
        {
            if (node.OptionalInput(input) is { } scale && (scale.ElementType != ElementType.Float32 || scale.Shape.ElementCount.Value != 1))
            {
                throw new ModelException(node, $"scale {scale.Type} must be one number of float32");
            }
        }

        (Shape a, Shape b) = (node.Input(0).Shape, node.Input(1).Shape);
        (int outer, int inner) = node.IntegerAttribute("transA", 0) != 0 ? (1, 0) : (0, 1);
        (int depth, int columns) = node.IntegerAttribute("transB", 0) != 0 ? (1, 0) : (0, 1);
        var shape = new Shape([a[outer], b[columns]]);
        if ((a[inner] - b[depth]).Value is not (null or 0) || (node.OptionalInput(2) is { } sum && !ShapeMath.BroadcastsTo(sum.Shape, shape)))
        {
            throw new ModelException(node, $"matrices {a} and {b} and a sum {node.OptionalInput(2)?.Shape} do not fit");
        }

        return [new TensorType(result, shape)];
    }

    private static Value[] WriteGemm(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value Scaled(Value x, int scale) => node.OptionalInput(scale) is { } factor ? formula.Multiply(x, formula.Reshape(factor)) : x;
        Value Operand(int input, string transposes)
        {
            Value x = Scaled(formula.Cast(node.Input(input), ElementType.Float32), input + 3);
            return node.IntegerAttribute(transposes, 0) != 0 ? formula.Transpose(x, 1, 0) : x;
        }

        Value Times(Value x, float factor) => factor == 1 ? x : formula.Multiply(x, formula.Number(factor, x));
        Value result = Times(context.Add("MatMul", Operand(0, "transA"), Operand(1, "transB")), node.FloatAttribute("alpha", 1));
        if (node.OptionalInput(2) is { } sum && node.FloatAttribute("beta", 0) is var beta and not 0)
        {
            result = formula.Add(result, Times(formula.Widen(sum), beta));
        }

        result = node.StringAttribute("activation", "NONE") switch { "RELU" => formula.Apply("Relu", result), "GELU" => formula.Apply("Gelu", result), _ => result };
        result = Scaled(result, 5);
        return [formula.Cast(result, node.Output.ElementType)];
    }

    private static TensorType[] InferSparse(Node node, InferenceContext context)
    {
        Value a = node.Input(0), b = node.Input(1);
        if (a.ElementType is not (ElementType.Float32 or ElementType.Float64 or ElementType.Int32 or ElementType.Int64 or ElementType.UInt32 or ElementType.UInt64) || b.ElementType != a.ElementType
            || a.Shape.Rank != 2 || b.Shape.Rank < 2)
        {
            throw new ModelException(node, $"matrices {a.Type} and {b.Type}; needed are two axes, and two or more, of float, double or integers of 32 or 64 bits");
        }

        if (!a.ElementType.IsFloat() && node.FloatAttribute("alpha", 1) is var alpha && alpha != Math.Floor(alpha))
        {
            throw ModelException.Unsupported(node, $"integers times {alpha}");
        }

        return [new TensorType(a.ElementType, MatMulOperator.ResultShape(node, Swapped(a.Shape, node, "transA"), Swapped(b.Shape, node, "transB"), context))];
    }

    private static Shape Swapped(Shape shape, Node node, string attribute) => node.IntegerAttribute(attribute, 0) == 0
        ? shape
        : new Shape([.. shape.Take(shape.Rank - 2), shape[shape.Rank - 1], shape[shape.Rank - 2]]);

    private static Value[] WriteSparse(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value Operand(int input, string attribute)
        {
            Value x = node.Input(input);
            int rank = x.Shape.Rank;
            return node.IntegerAttribute(attribute, 0) == 0 ? x : formula.Transpose(x, [.. Enumerable.Range(0, rank - 2), rank - 1, rank - 2]);
        }

        Value product = context.Add("MatMul", Operand(0, "transA"), Operand(1, "transB"));
        float alpha = node.FloatAttribute("alpha", 1);
        return [alpha == 1 ? product : formula.Multiply(product, formula.Number(alpha, product))];
    }
}
