using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Operators of com.microsoft that fuse gates and norms of newer networks: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. GatedAdd, GatedRMSNorm, EngramGate,
/// LinearAttentionGate, and MatMulNBitsMlp and MatMulNBitsQkv, which are a norm and products with narrow weights. float32, float16 and bfloat16, computed in float32 (GatedAdd rounds its product). All are a
/// few other operators.
/// </summary>
internal static class GatedOperators
{
    private const float EngramLeast = 1e-6f;

    public static readonly IReadOnlyList<Operator> All =
    [
        new ComposedOperator("GatedAdd", InferAdd, (node, context) => [context.Add("Add", node.Input(0), context.Add("Mul", node.Input(1), node.Input(2)))]),
        new ComposedOperator("GatedRMSNorm", InferNorm, WriteNorm),
        new ComposedOperator("LinearAttentionGate", InferGate, WriteGate),
        new ComposedOperator("EngramGate", InferEngram, WriteEngram),
        new ComposedOperator("MatMulNBitsMlp", InferMlp, WriteMlp),
        new ComposedOperator("MatMulNBitsQkv", InferQkv, WriteQkv),
    ];

    private static TensorType Narrowest(Node node, params int[] others)
    {
        if (node.Input(0).ElementType is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16))
        {
            throw ModelException.Unsupported(node, $"elements of type {node.Input(0).ElementType.OnnxName()}; float32, float16 and bfloat16 are supported");
        }

        foreach (int input in others.Where(input => node.OptionalInput(input) is not null))
        {
            ElementTypeSet.RequireEqual(node, 0, input);
        }

        return node.Input(0).RequiredType;
    }

    private static void RequireShape(Node node, int input, params Dimension[] expected)
    {
        Shape actual = node.Input(input).Shape;
        if (actual.Rank != expected.Length || Enumerable.Range(0, expected.Length).Any(axis => (actual[axis] - expected[axis]).Value is not (null or 0)))
        {
            throw new ModelException(node, $"input {input} has the shape {actual} and must have {new Shape(expected)}");
        }
    }

    private static TensorType[] InferAdd(Node node)
    {
        TensorType x = Narrowest(node, 1, 2);
        if (x.Rank == 0)
        {
            throw new ModelException(node, "a scalar has no rows");
        }

        RequireShape(node, 1, [.. x.Shape]);
        RequireShape(node, 2, [.. x.Shape.Take(x.Rank - 1), Dimension.One]);
        return [x];
    }

    private static TensorType[] InferNorm(Node node)
    {
        TensorType x = Narrowest(node, 1, 2);
        if (x.Rank == 0 || node.Input(1).Shape is not { Rank: 1 } scale || scale[0].Value is not { } size || size < 1 || x.Shape[x.Rank - 1].Value is not { } width || width % size != 0)
        {
            throw new ModelException(node, $"a scale of shape {node.Input(1).Shape} does not divide the last axis of {x.Shape}");
        }

        RequireShape(node, 2, [.. x.Shape]);
        return [x];
    }

    private static Value[] WriteNorm(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = node.Input(0), gate = formula.Widen(node.Input(2));
        long size = node.Input(1).Shape[0].Constant, width = x.Shape[x.Shape.Rank - 1].Constant;
        Value apart = size == width ? x : context.Add("Reshape", x, context.Sizes([.. x.Shape.Take(x.Shape.Rank - 1), width / size, size]));
        Value normal = NormalizationOperators.Write(context, false, formula.Widen(apart), formula.Widen(node.Input(1)), null, -1, node.FloatAttribute("epsilon", 1e-5f), null, null);
        return [formula.Cast(formula.Multiply(formula.ReshapeLike(normal, x), context.Add("Swish", gate)), x.ElementType)];
    }

    private static TensorType?[] InferGate(Node node)
    {
        TensorType a = Narrowest(node, 3);
        if (a.Rank != 3 || node.Input(1).ElementType != ElementType.Float32 || node.Input(2).ElementType != ElementType.Float32)
        {
            throw new ModelException(node, $"gates {a} must have three axes, and what is added and multiplied ({node.Input(1).Type}, {node.Input(2).Type}) must be float32");
        }

        RequireShape(node, 1, a.Shape[2]);
        RequireShape(node, 2, a.Shape[2]);
        if (node.OptionalInput(3) is not null)
        {
            RequireShape(node, 3, [.. a.Shape]);
        }

        return node.OptionalOutput(1) is null || node.OptionalInput(3) is not null ? [a, a] : throw new ModelException(node, "the output beta needs the input b");
    }

    private static Value?[] WriteGate(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value decay = formula.Multiply(node.Input(2), formula.Apply("Softplus", formula.Add(formula.Widen(node.Input(0)), node.Input(1))));
        ElementType type = node.Input(0).ElementType;
        return [formula.Cast(decay, type), node.OptionalInput(3) is { } b ? formula.Cast(formula.Apply("Sigmoid", formula.Widen(b)), type) : null];
    }

    private static TensorType[] InferEngram(Node node)
    {
        TensorType key = Narrowest(node, 1, 2, 3, 4, 5);
        if (key.Rank != 4)
        {
            throw new ModelException(node, $"keys {key} must have four axes");
        }

        RequireShape(node, 1, [.. key.Shape]);
        RequireShape(node, 2, key.Shape[0], key.Shape[1], key.Shape[3]);
        foreach (int input in new[] { 3, 4, 5 }.Where(input => input < 5 || node.OptionalInput(input) is not null))
        {
            RequireShape(node, input, key.Shape[2], key.Shape[3]);
        }

        return node.OptionalOutput(1) is null || node.OptionalInput(5) is not null ? [key, key] : throw new ModelException(node, "the output gated_value_normed needs the input conv_norm_scale");
    }

    private static Value?[] WriteEngram(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        float epsilon = node.FloatAttribute("epsilon", 1e-5f);
        Value Normal(Value x, int scale)
        {
            Value root = formula.Apply("Sqrt", formula.Add(formula.Mean(formula.Multiply(x, x), [3]), formula.Number(epsilon, x)));
            return formula.Multiply(formula.Divide(x, root), formula.Widen(node.Input(scale)));
        }

        Value key = formula.Widen(node.Input(0)), query = formula.Widen(node.Input(1));
        Value product = formula.Sum(formula.Multiply(Normal(key, 3), Normal(query, 4)), [3]);
        Value dot = formula.Divide(product, formula.Apply("Sqrt", formula.Count(key, [3])));
        Value magnitude = formula.Apply("Sqrt", context.Add("Max", formula.Apply("Abs", dot), formula.Number(EngramLeast, dot)));
        Value gate = formula.Apply("Sigmoid", formula.Multiply(formula.Apply("Sign", dot), magnitude));
        Value gated = formula.Multiply(gate, context.Add("Unsqueeze", formula.Widen(node.Input(2)), context.Integers(2)));
        ElementType type = node.Input(0).ElementType;
        return [formula.Cast(gated, type), node.OptionalInput(5) is null ? null : formula.Cast(Normal(gated, 5), type)];
    }

    /// <summary>The sizes of a product with narrow weights, checked as far as MatMulNBits does not.</summary>
    private static TensorType Projection(Node node, string columns)
    {
        TensorType a = Narrowest(node);
        long depth = node.IntegerAttribute("K", 0), count = node.IntegerAttribute(columns, 0);
        return depth > 0 && count > 0 && a.Rank > 0 && (a.Shape[a.Rank - 1] - depth).Value is null or 0
            ? new TensorType(a.ElementType, new Shape([.. a.Shape.Take(a.Rank - 1), count]))
            : throw new ModelException(node, $"an input {a} does not fit the attributes 'K' {depth} and '{columns}' {count}");
    }

    private static void CheckNorm(Node node)
    {
        Narrowest(node, 1, 2);
        if (node.OptionalInput(1) is { } skip)
        {
            if (node.OptionalInput(2) is null || !ShapeMath.BroadcastsTo(skip.Shape, node.Input(0).Shape))
            {
                throw new ModelException(node, $"skip {skip.Type} needs norm_scale and must fit the input {node.Input(0).Type}");
            }
        }

        if (node.OptionalInput(2) is not null)
        {
            RequireShape(node, 2, node.IntegerAttribute("K", 0));
        }
    }

    /// <summary>The input, with what is skipped and normalised where it is to be; and the sum before the norm.</summary>
    private static (Value Normal, Value Sum) Normal(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value a = node.Input(0), sum = node.OptionalInput(1) is { } skip ? formula.Add(formula.Widen(a), formula.Widen(skip)) : formula.Widen(a);
        Value rounded = formula.Cast(sum, a.ElementType);
        return node.OptionalInput(2) is not { } scale
            ? (a, rounded)
            : (formula.Cast(NormalizationOperators.Write(context, false, sum, formula.Widen(scale), null, -1, node.FloatAttribute("epsilon", 1e-5f), null, null), a.ElementType), rounded);
    }

    private static Value Product(Node node, Value a, string columns, int weights, ExpansionContext context) => context.Add(
        $"{PointwiseFunction.MicrosoftDomain}.MatMulNBits",
        [
            ("K", node.IntegerAttribute("K", 0)), ("N", node.IntegerAttribute(columns, 0)), ("bits", node.IntegerAttribute("bits", 4)), ("block_size", node.IntegerAttribute("block_size", 0)),
            ("accuracy_level", node.IntegerAttribute("accuracy_level", 0)),
        ],
        a, node.Input(weights), node.Input(weights + 1), null, null, node.OptionalInput(weights + 2));

    private static TensorType[] InferMlp(Node node)
    {
        CheckNorm(node);
        _ = Activation(node);
        return node.OptionalOutput(1) is null || node.OptionalInput(1) is not null
            ? [Projection(node, "N"), node.Input(0).RequiredType]
            : throw new ModelException(node, "the output of the sum needs the input skip");
    }

    private static string Activation(Node node) => node.StringAttribute("activation", "") switch
    {
        "silu" or "swish" => "Swish",
        "gelu" => "Gelu",
        "relu" => "Relu",
        "sigmoid" => "Sigmoid",
        string other => throw ModelException.Unsupported(node, $"activation '{other}'; known are silu, swish, gelu, relu and sigmoid"),
    };

    private static Value[] WriteMlp(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        (Value a, Value sum) = Normal(node, context);
        Value gate = context.Add(Activation(node), formula.Widen(Product(node, a, "N", 3, context)));
        Value result = formula.Multiply(gate, formula.Widen(Product(node, a, "N", 6, context)));
        return [formula.Cast(result, node.Output.ElementType), sum];
    }

    private static TensorType[] InferQkv(Node node)
    {
        CheckNorm(node);
        if (node.OptionalInput(2) is null || (node.OptionalOutput(3) is not null && node.OptionalInput(1) is null))
        {
            throw new ModelException(node, "norm_scale is needed, and the output of the sum needs the input skip");
        }

        TensorType keys = Projection(node, "Nkv");
        return [Projection(node, "Nq"), keys, keys, node.Input(0).RequiredType];
    }

    private static Value[] WriteQkv(Node node, ExpansionContext context)
    {
        (Value a, Value sum) = Normal(node, context);
        return [Product(node, a, "Nq", 3, context), Product(node, a, "Nkv", 6, context), Product(node, a, "Nkv", 9, context), sum];
    }
}
