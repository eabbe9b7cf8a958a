using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Operators of com.microsoft that ONNX Runtime's optimisers write for parts of transformers and diffusion models: BiasAdd, BiasSplitGelu, BiasSoftmax, BiasDropout, BitmaskDropout and
/// BitmaskBiasDropout (as inference: nothing is dropped; the bit mask cannot be asked for), GemmFastGelu, GroupNorm, SkipGroupNorm, ComplexMul, ComplexMulConj, TorchEmbedding, MulInteger,
/// ReduceSumInteger, IsAllFinite: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. All are a few other operators.
/// </summary>
internal static class TransformerOperators
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new ComposedOperator("BiasAdd", node => [Floating(node)], (node, context) => [Sum(node, context, 0, 1, 2)]),
        new ComposedOperator("BiasSplitGelu", InferSplit, WriteSplit),
        new ComposedOperator("BiasSoftmax", InferSoftmax, WriteSoftmax),
        new ComposedOperator("BiasDropout", node => Dropped(node, ElementType.Boolean), (node, context) => [Sum(node, context, 0, 1, 2), Everywhere(node, context)]),
        new ComposedOperator("BitmaskBiasDropout", node => Dropped(node, null), (node, context) => [Sum(node, context, 0, 1, 2)]),
        new ComposedOperator("BitmaskDropout", node => Dropped(node, null, trainingInput: 2), (node, context) => [context.Add("Identity", node.Input(0))]),
        new ComposedOperator("GemmFastGelu", InferProduct, WriteProduct),
        new ComposedOperator("GroupNorm", node => InferNorm(node, false), (node, context) => WriteNorm(node, node.Input(0), context)),
        new ComposedOperator("SkipGroupNorm", node => InferNorm(node, true), WriteSkipNorm),
        new ComposedOperator("ComplexMul", InferComplex, (node, context) => [Complex(node, context, isConjugate: false)]),
        new ComposedOperator("ComplexMulConj", InferComplex, (node, context) => [Complex(node, context, isConjugate: true)]),
        new ComposedOperator("TorchEmbedding", InferEmbedding, (node, context) => [context.Add("Gather", node.Input(0), node.Input(1))]),
        new ComposedOperator("MulInteger", InferIntegers, WriteIntegers),
        new ComposedOperator("ReduceSumInteger", InferSum, WriteSum),
        new ComposedOperator("IsAllFinite", _ => [new TensorType(ElementType.Boolean, Shape.Scalar)], WriteFinite),
    ];

    private static TensorType Floating(Node node)
    {
        ElementTypeSet.Floating.Require(node, 0);
        return node.Input(0).RequiredType;
    }

    /// <summary>The sum of inputs, in the first one's type; missing ones count nothing.</summary>
    private static Value Sum(Node node, ExpansionContext context, params int[] inputs)
    {
        var formula = new Formula(context);
        Value sum = formula.Widen(node.Input(inputs[0]));
        foreach (Value value in inputs.Skip(1).Select(node.OptionalInput).OfType<Value>())
        {
            sum = formula.Add(sum, formula.Widen(value));
        }

        return formula.Cast(sum, node.Input(0).ElementType);
    }

    private static TensorType?[] InferSplit(Node node)
    {
        Shape shape = Floating(node).Shape;
        return shape.Rank > 0 && shape[shape.Rank - 1].Value is { } size && size % 2 == 0
            ? [new TensorType(node.Input(0).ElementType, new Shape([.. shape.Take(shape.Rank - 1), size / 2]))]
            : throw new ModelException(node, $"the last axis of {shape} cannot be halved");
    }

    private static Value[] WriteSplit(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value sum = formula.Add(formula.Widen(node.Input(0)), formula.Widen(node.Input(1)));
        context.AddWithOutputs("Split", [("axis", -1L), ("num_outputs", 2L)], [sum], 2, out Node split);
        Value result = formula.Multiply(split.Outputs[0]!, context.Add("Gelu", split.Outputs[1]!));
        return [formula.Cast(result, node.Output.ElementType)];
    }

    private static TensorType[] InferSoftmax(Node node)
    {
        TensorType data = Floating(node);
        ElementTypeSet.RequireEqual(node, 0, 1);
        _ = ShapeMath.Axis(node, node.IntegerAttribute("axis", 1), data.Rank);
        return ShapeMath.BroadcastsTo(node.Input(1).Shape, data.Shape)
            ? [data]
            : throw ModelException.Unsupported(node, $"a bias of shape {node.Input(1).Shape}, which does not broadcast to {data.Shape} axis by axis");
    }

    private static Value[] WriteSoftmax(Node node, ExpansionContext context)
    {
        Value sum = Sum(node, context, 0, 1);
        int axis = ShapeMath.Axis(node, node.IntegerAttribute("axis", 1), sum.Shape.Rank);
        if (axis == sum.Shape.Rank - 1)
        {
            return [context.Add("Softmax", [("axis", (long)axis)], sum)];
        }

        // All axes from the given one on are normalised together.
        Value flat = context.Add("Flatten", [("axis", (long)axis)], sum);
        return [new Formula(context).ReshapeLike(context.Add("Softmax", [("axis", 1L)], flat), sum)];
    }

    private static TensorType?[] Dropped(Node node, ElementType? mask, int trainingInput = 4)
    {
        TensorType data = Floating(node);
        if (node.OptionalInput(trainingInput) is { } training && training.Elements is not [{ Value: 0 }])
        {
            throw ModelException.Unsupported(node, "training_mode must be a constant that is false");
        }

        return mask is { } type ? [data, new TensorType(type, data.Shape)] : [data, null];
    }

    private static Value? Everywhere(Node node, ExpansionContext context) => node.OptionalOutput(1) is null
        ? null
        : context.Add("Expand", context.Literal(1, ElementType.Boolean), context.Add("Shape", node.Input(0)));

    private static TensorType[] InferProduct(Node node)
    {
        ElementTypeSet.RequireEqual(node, 0, 1);
        return [new TensorType(Floating(node).ElementType, MatMulOperator.ResultShape(node, node.Input(0).Shape, node.Input(1).Shape))];
    }

    private static Value[] WriteProduct(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value product = context.Add("MatMul", formula.Widen(node.Input(0)), formula.Widen(node.Input(1)));
        product = node.OptionalInput(2) is { } bias ? formula.Add(product, formula.Widen(bias)) : product;
        return [formula.Cast(context.Add("Gelu", [("approximate", "tanh")], product), node.Output.ElementType)];
    }

    private static TensorType[] InferNorm(Node node, bool hasSkip)
    {
        TensorType x = Floating(node);
        long groups = node.IntegerAttribute("groups", 0);
        if (x.Rank != 4 || groups < 1 || node.IntegerAttribute("activation", 0) is not (0 or 1))
        {
            throw new ModelException(node, $"an input of shape {x.Shape}, {groups} groups and activation {node.IntegerAttribute("activation", 0)}; needed are four axes, a group, and activation 0 or 1");
        }

        if (x.Shape[IsLast(node) ? 3 : 1].Value is { } channels && channels % groups != 0)
        {
            throw new ModelException(node, $"{channels} channels cannot be divided into {groups} groups");
        }

        return hasSkip ? [x, x] : [x];
    }

    private static bool IsLast(Node node) => node.IntegerAttribute("channels_last", 1) != 0;

    private static Value[] WriteNorm(Node node, Value x, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value wide = formula.Widen(x);
        wide = IsLast(node) ? formula.Transpose(wide, 0, 3, 1, 2) : wide;
        Value result = context.Add(
            "GroupNormalization",
            [("num_groups", node.IntegerAttribute("groups", 1)), ("epsilon", node.FloatAttribute("epsilon", 1e-5f))],
            wide, formula.Widen(node.Input(1)), formula.Widen(node.Input(2)));
        result = node.IntegerAttribute("activation", 0) == 1 ? context.Add("Swish", result) : result;
        result = IsLast(node) ? formula.Transpose(result, 0, 2, 3, 1) : result;
        return [formula.Cast(result, node.Output.ElementType)];
    }

    private static Value[] WriteSkipNorm(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = node.Input(0), skip = node.Input(3);
        Value Channels(Value value) => IsLast(node) ? formula.Reshape(value, value.Shape.Rank == 2 ? [value.Shape[0], 1, 1, value.Shape[1]] : [value.Shape[0]])
            : formula.Reshape(value, value.Shape.Rank == 2 ? [value.Shape[0], value.Shape[1], 1, 1] : [value.Shape[0], 1, 1]);
        Value sum = formula.Add(formula.Widen(x), formula.Widen(skip.Shape.Rank == 2 ? Channels(skip) : skip));
        sum = node.OptionalInput(4) is { } bias ? formula.Add(sum, formula.Widen(Channels(bias))) : sum;
        return [WriteNorm(node, sum, context)[0], formula.Cast(sum, x.ElementType)];
    }

    private static TensorType[] InferComplex(Node node)
    {
        ElementTypeSet.RequireEqual(node, 0, 1);
        Shape shape = ShapeMath.Broadcast(node, node.Input(0).Shape, node.Input(1).Shape);
        return shape.Rank > 0 && node.Input(0).Shape is { Rank: > 0 } a && a[a.Rank - 1].Value == 2 && node.Input(1).Shape is { Rank: > 0 } b && b[b.Rank - 1].Value == 2
            ? [new TensorType(Floating(node).ElementType, shape)]
            : throw new ModelException(node, $"inputs of shapes {node.Input(0).Shape} and {node.Input(1).Shape}, whose last axes must be real and imaginary part");
    }

    private static Value Complex(Node node, ExpansionContext context, bool isConjugate)
    {
        var formula = new Formula(context);
        Value Part(int input, long part) => context.Add("Slice", formula.Widen(node.Input(input)), context.Integers(part), context.Integers(part + 1), context.Integers(-1));
        (Value a, Value b, Value c, Value d) = (Part(0, 0), Part(0, 1), Part(1, 0), Part(1, 1));
        Value real = isConjugate ? formula.Add(formula.Multiply(a, c), formula.Multiply(b, d)) : formula.Subtract(formula.Multiply(a, c), formula.Multiply(b, d));
        Value imaginary = isConjugate ? formula.Subtract(formula.Multiply(b, c), formula.Multiply(a, d)) : formula.Add(formula.Multiply(a, d), formula.Multiply(b, c));
        return formula.Cast(context.Add("Concat", [("axis", -1L)], real, imaginary), node.Output.ElementType);
    }

    private static TensorType[] InferEmbedding(Node node) => node.Input(0).Shape is { Rank: 2 } table && node.Input(1).ElementType == ElementType.Int64
        ? [new TensorType(node.Input(0).ElementType, new Shape([.. node.Input(1).Shape, table[1]]))]
        : throw new ModelException(node, $"a table {node.Input(0).Type} and indices {node.Input(1).Type}; needed are two axes and int64");

    private static TensorType[] InferIntegers(Node node)
    {
        foreach (int input in new[] { 0, 2 })
        {
            if (node.Input(input).ElementType is not (ElementType.Int8 or ElementType.UInt8) || (node.OptionalInput(input + 1) is { } zero && (zero.ElementType != node.Input(input).ElementType || zero.Shape.ElementCount.Value != 1)))
            {
                throw new ModelException(node, $"input {input} is {node.Input(input).Type} with a zero point {node.OptionalInput(input + 1)?.Type}; needed are 8-bit integers and one number of the same type");
            }
        }

        return [new TensorType(ElementType.Int32, ShapeMath.Broadcast(node, node.Input(0).Shape, node.Input(2).Shape))];
    }

    private static Value[] WriteIntegers(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value Factor(int input)
        {
            Value value = formula.Cast(node.Input(input), ElementType.Int32);
            return node.OptionalInput(input + 1) is { } zero ? formula.Subtract(value, formula.Cast(LinearQuantization.Scalar(formula, zero), ElementType.Int32)) : value;
        }

        return [formula.Multiply(Factor(0), Factor(2))];
    }

    private static TensorType[] InferSum(Node node)
    {
        if (node.Input(0).ElementType is not (ElementType.Int8 or ElementType.UInt8))
        {
            throw new ModelException(node, $"input 0 is {node.Input(0).Type}; 8-bit integers are summed");
        }

        Shape shape = node.Input(0).Shape;
        int[] axes = Axes(node);
        bool keeps = node.IntegerAttribute("keepdims", 1) != 0;
        return [new TensorType(ElementType.Int32, new Shape([.. shape.Select((size, axis) => axes.Contains(axis) ? Dimension.One : size).Where((_, axis) => keeps || !axes.Contains(axis))]))];
    }

    private static int[] Axes(Node node)
    {
        int rank = node.Input(0).Shape.Rank;
        return node.IntegersAttribute("axes") is { Length: > 0 } axes ? [.. axes.Select(axis => ShapeMath.Axis(node, axis, rank))] : [.. Enumerable.Range(0, rank)];
    }

    private static Value[] WriteSum(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        return [formula.Reduce("ReduceSum", formula.Cast(node.Input(0), ElementType.Int32), Axes(node), node.IntegerAttribute("keepdims", 1) != 0)];
    }

    private static Value[] WriteFinite(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        bool onlyInfinite = node.IntegerAttribute("isinf_only", 0) != 0, onlyNotNumbers = node.IntegerAttribute("isnan_only", 0) != 0;
        if (onlyInfinite && onlyNotNumbers)
        {
            throw new ModelException(node, "isinf_only and isnan_only exclude each other");
        }

        Value? all = null;
        for (int input = 0; input < node.Inputs.Count; input++)
        {
            ElementTypeSet.Floating.Require(node, input);
            Value x = formula.Widen(node.Input(input));
            Value bad = onlyInfinite ? context.Add("IsInf", x) : onlyNotNumbers ? context.Add("IsNaN", x) : context.Add("Or", context.Add("IsInf", x), context.Add("IsNaN", x));
            Value count = context.Add("ReduceMax", [("keepdims", 0L)], formula.Cast(bad, ElementType.Int32));
            Value good = context.Add("Equal", count, formula.Number(0, count));
            all = all is null ? good : context.Add("And", all, good);
        }

        return [all ?? throw new ModelException(node, "there are no inputs")];
    }
}
