using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Operators of com.microsoft on int8 matrices that lie in memory as GPU libraries want them: QuantizeWithOrder, DequantizeWithOrder, QOrderedMatMul, QOrderedGelu, QOrderedLayerNormalization
/// (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QuantizeWithOrder). A shape [.., rows, columns] says how large a matrix is; in memory its elements go by
/// columns (order 0), by rows (1), or by groups of 32 columns and rows within them (2). Zero points are 0. They become moves, the operator on floating-point numbers, and rounding to int8. Refused:
/// the orders 3 and 4, whose tiles are those of one kind of processor.
/// </summary>
internal static class OrderedMatrixOperators
{
    private const long ByColumns = 0, ByRows = 1, ByGroups = 2;

    /// <summary>Columns of a group (CUBLASLT_ORDER_COL32).</summary>
    private const long GroupColumns = 32;

    public static readonly IReadOnlyList<Operator> All =
    [
        new ComposedOperator("QuantizeWithOrder", InferQuantized, WriteQuantized),
        new ComposedOperator("DequantizeWithOrder", InferDequantized, WriteDequantized),
        new ComposedOperator("QOrderedMatMul", InferProduct, WriteProduct),
        new ComposedOperator("QOrderedGelu", InferGelu, WriteGelu),
        new ComposedOperator("QOrderedLayerNormalization", InferNorm, WriteNorm),
    ];

    private static long Order(Node node, string attribute, Shape shape, long? fallback = null)
    {
        if (fallback is null && !node.HasAttribute(attribute))
        {
            throw new ModelException(node, $"attribute '{attribute}' is missing");
        }

        long order = node.IntegerAttribute(attribute, fallback ?? -1);
        if (order is 3 or 4)
        {
            throw ModelException.Unsupported(node, $"order {order} (attribute '{attribute}'), tiles of one kind of GPU");
        }

        if (order is < 0 or > 4 || (order != ByRows && shape.Rank is not (2 or 3)) || (order == ByGroups && (shape[shape.Rank - 1].Value is not { } columns || columns % GroupColumns != 0)))
        {
            throw new ModelException(node, $"attribute '{attribute}' is {order}, which a matrix {shape} cannot have");
        }

        return order;
    }

    private static void RequireBytes(Node node, params int[] inputs)
    {
        foreach (int input in inputs.Where(input => node.OptionalInput(input) is not null))
        {
            if (node.Input(input).ElementType != ElementType.Int8)
            {
                throw new ModelException(node, $"input {input} is {node.Input(input).Type} and must be int8");
            }
        }
    }

    private static void RequireScales(Node node, params int[] inputs)
    {
        foreach (int input in inputs)
        {
            if (node.OptionalInput(input) is not { ElementType: ElementType.Float32 } scale || scale.Shape.ElementCount.Value != 1)
            {
                throw new ModelException(node, $"input {input} is {node.OptionalInput(input)?.Type} and must be one number of float32");
            }
        }
    }

    /// <summary>Elements in the order of the shape, of a matrix whose memory has another.</summary>
    private static Value ToRows(Value x, long order, ExpansionContext context)
    {
        if (order == ByRows)
        {
            return x;
        }

        var formula = new Formula(context);
        Shape shape = x.Shape;
        (Dimension[] batch, Dimension rows, Dimension columns) = ([.. shape.Take(shape.Rank - 2)], shape[shape.Rank - 2], shape[shape.Rank - 1]);
        int[] axes = [.. Enumerable.Range(0, batch.Length)];
        if (order == ByColumns)
        {
            return formula.Transpose(context.Add("Reshape", x, context.Sizes([.. batch, columns, rows])), [.. axes, batch.Length + 1, batch.Length]);
        }

        Value groups = context.Add("Reshape", x, context.Sizes([.. batch, Dimension.FloorDivide(columns, GroupColumns), rows, GroupColumns]));
        return context.Add("Reshape", formula.Transpose(groups, [.. axes, batch.Length + 1, batch.Length, batch.Length + 2]), context.Sizes([.. shape]));
    }

    /// <summary>The same elements as a memory of an order holds them, under the shape.</summary>
    private static Value FromRows(Value x, long order, ExpansionContext context)
    {
        if (order == ByRows)
        {
            return x;
        }

        var formula = new Formula(context);
        Shape shape = x.Shape;
        (Dimension[] batch, Dimension rows, Dimension columns) = ([.. shape.Take(shape.Rank - 2)], shape[shape.Rank - 2], shape[shape.Rank - 1]);
        int[] axes = [.. Enumerable.Range(0, batch.Length)];
        Value moved = order == ByColumns
            ? formula.Transpose(x, [.. axes, batch.Length + 1, batch.Length])
            : formula.Transpose(context.Add("Reshape", x, context.Sizes([.. batch, rows, Dimension.FloorDivide(columns, GroupColumns), GroupColumns])), [.. axes, batch.Length + 1, batch.Length, batch.Length + 2]);
        return context.Add("Reshape", moved, context.Sizes([.. shape]));
    }

    private static Value Dequantized(Node node, int input, int scale, long order, ExpansionContext context) =>
        ToRows(LinearQuantization.Dequantize(context, node.Input(input), node.Input(scale), null), order, context);

    private static Value Quantized(Node node, Value x, int scale, long order, ExpansionContext context) =>
        FromRows(LinearQuantization.Quantize(context, x, node.Input(scale), ElementType.Int8, null), order, context);

    private static TensorType[] InferQuantized(Node node)
    {
        Value x = node.Input(0);
        RequireScales(node, 1);
        if (x.ElementType is not (ElementType.Float32 or ElementType.Float16))
        {
            throw new ModelException(node, $"an input {x.Type} must be float32 or float16");
        }

        _ = (Order(node, "order_input", x.Shape), Order(node, "order_output", x.Shape));
        return [new TensorType(ElementType.Int8, x.Shape)];
    }

    private static Value[] WriteQuantized(Node node, ExpansionContext context)
    {
        Value x = ToRows(new Formula(context).Widen(node.Input(0)), Order(node, "order_input", node.Input(0).Shape), context);
        return [Quantized(node, x, 1, Order(node, "order_output", node.Input(0).Shape), context)];
    }

    private static TensorType[] InferDequantized(Node node)
    {
        RequireBytes(node, 0);
        RequireScales(node, 1);
        Shape shape = node.Input(0).Shape;
        _ = (Order(node, "order_input", shape), Order(node, "order_output", shape));
        return (ElementType)node.IntegerAttribute("to", 0) is var type and (ElementType.Float32 or ElementType.Float16)
            ? [new TensorType(type, shape)]
            : throw new ModelException(node, $"attribute 'to' is {node.IntegerAttribute("to", 0)}; known are 1 (float32) and 10 (float16)");
    }

    private static Value[] WriteDequantized(Node node, ExpansionContext context)
    {
        Shape shape = node.Input(0).Shape;
        Value x = FromRows(Dequantized(node, 0, 1, Order(node, "order_input", shape), context), Order(node, "order_output", shape), context);
        return [new Formula(context).Cast(x, node.Output.ElementType)];
    }

    private static TensorType[] InferProduct(Node node)
    {
        RequireBytes(node, 0, 2, 6);
        RequireScales(node, 1, 4);
        (Shape a, Shape b) = (node.Input(0).Shape, node.Input(2).Shape);
        if (a.Rank is not (2 or 3) || b.Rank is not (2 or 3) || (a[a.Rank - 1] - b[b.Rank - 2]).Value is not (null or 0) || (b.Rank == 3 && a.Rank == 2))
        {
            throw new ModelException(node, $"matrices {a} and {b} do not fit");
        }

        Dimension columns = b[b.Rank - 1];
        var result = new Shape([.. a.Take(a.Rank - 1), columns]);
        (long orderA, long orderB, long orderY) = (Order(node, "order_A", a), Order(node, "order_B", b), Order(node, "order_Y", result));
        if (orderA != orderY || (orderB == ByColumns) != (orderA == ByRows))
        {
            throw new ModelException(node, $"orders {orderA} of A, {orderB} of B and {orderY} of Y do not go together; needed are 1, 0 and 1");
        }

        if (node.Input(3).ElementType != ElementType.Float32 || (node.Input(3).Shape.ElementCount - columns).Value is not (null or 0) && node.Input(3).Shape.ElementCount.Value != 1)
        {
            throw new ModelException(node, $"the scale of B is {node.Input(3).Type} and must be one number of float32, or one a column");
        }

        if (node.OptionalInput(5) is { } bias && (bias.ElementType != ElementType.Float32 || bias.Shape.Rank != 1 || (bias.Shape[0] - columns).Value is not (null or 0)))
        {
            throw new ModelException(node, $"a bias {bias.Type} must be float32 [{columns}]");
        }

        if (node.OptionalInput(6) is { } sum)
        {
            RequireScales(node, 7);
            if (!ShapeMath.BroadcastsTo(sum.Shape, result) || sum.Shape.Rank < 2)
            {
                throw new ModelException(node, $"C of shape {sum.Shape} does not fit {result}");
            }
        }

        return [new TensorType(ElementType.Int8, result)];
    }

    private static Value[] WriteProduct(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value a = Dequantized(node, 0, 1, Order(node, "order_A", node.Input(0).Shape), context);
        Value b = ToRows(formula.Cast(node.Input(2), ElementType.Float32), Order(node, "order_B", node.Input(2).Shape), context);
        Value product = formula.Multiply(context.Add("MatMul", a, b), LinearQuantization.Scalar(formula, node.Input(3)));
        product = node.OptionalInput(5) is { } bias ? formula.Add(product, bias) : product;
        long order = Order(node, "order_Y", node.Output.Shape);
        product = node.OptionalInput(6) is null ? product : formula.Add(product, Dequantized(node, 6, 7, order, context));
        return [Quantized(node, product, 4, order, context)];
    }

    private static TensorType[] InferGelu(Node node)
    {
        RequireBytes(node, 0);
        RequireScales(node, 1, 2);

        // An element's place does not matter, as long as it is the same.
        return node.IntegerAttribute("order_X", ByRows) == node.IntegerAttribute("order_Y", node.IntegerAttribute("order_X", ByRows))
            ? [node.Input(0).RequiredType]
            : throw new ModelException(node, $"orders {node.IntegerAttribute("order_X", ByRows)} and {node.IntegerAttribute("order_Y", ByRows)} must be the same");
    }

    private static Value[] WriteGelu(Node node, ExpansionContext context) => [Quantized(node, context.Add("Gelu", Dequantized(node, 0, 1, ByRows, context)), 2, ByRows, context)];

    private static TensorType[] InferNorm(Node node)
    {
        RequireBytes(node, 0);
        RequireScales(node, 1, 4);
        Shape shape = node.Input(0).Shape;
        int axis = ShapeMath.Axis(node, node.IntegerAttribute("axis", -1), shape.Rank);
        if (Order(node, "order_X", shape, ByRows) != Order(node, "order_Y", shape, ByRows))
        {
            throw new ModelException(node, "the orders of X and Y must be the same");
        }

        foreach (int input in new[] { 2, 3 }.Where(input => input == 2 || node.OptionalInput(input) is not null))
        {
            if (node.Input(input).ElementType is not (ElementType.Float32 or ElementType.Float16) || (node.Input(input).Shape.ElementCount - shape.Product(axis, shape.Rank)).Value is not (null or 0))
            {
                throw new ModelException(node, $"input {input} is {node.Input(input).Type} and must be float32 or float16, a number an element of the axes from {axis} on of {shape}");
            }
        }

        return [node.Input(0).RequiredType];
    }

    private static Value[] WriteNorm(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        long order = Order(node, "order_X", node.Input(0).Shape, ByRows);
        Value? beta = node.OptionalInput(3) is { } given ? formula.Widen(given) : null;
        Value result = context.Add(
            "LayerNormalization", [("axis", node.IntegerAttribute("axis", -1)), ("epsilon", node.FloatAttribute("epsilon", 1e-5f))], Dequantized(node, 0, 1, order, context), formula.Widen(node.Input(2)), beta);
        return [Quantized(node, result, 4, order, context)];
    }
}
