using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Operators of com.microsoft on positions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. RelativePositionBias (T5's buckets; the table is [buckets, heads] in
/// column-major order), GatedRelativePositionBias (with tokens apart or packed), GemmaRotaryEmbedding (float16, products rounded as in its formula), MRotaryEmbedding (three streams of positions, chunks
/// or interleaved; <c>scale</c> multiplies the tables). All are a few other operators.
/// </summary>
internal static class PositionOperators
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new ComposedOperator("RelativePositionBias", InferBias, WriteBias),
        new ComposedOperator("GatedRelativePositionBias", InferGated, WriteGated),
        new ComposedOperator("GemmaRotaryEmbedding", InferGemma, WriteGemma),
        new ComposedOperator("MRotaryEmbedding", InferStreams, WriteStreams),
    ];

    private static TensorType[] InferBias(Node node)
    {
        Value table = node.Input(0);
        if (table.ElementType is not (ElementType.Float32 or ElementType.Float16) || table.Shape.Rank != 2 || !table.Shape.IsStatic)
        {
            throw new ModelException(node, $"a table {table.Type} must be float32 or float16 [buckets, heads], both known");
        }

        foreach (int input in new[] { 1, 2 })
        {
            if (node.Input(input).ElementType != ElementType.Int64 || node.Input(input).Shape.ElementCount.Value != 1)
            {
                throw new ModelException(node, $"length {node.Input(input).Type} must be one number of int64");
            }
        }

        if (node.Input(1).Elements is not [{ } queries] || node.Input(2).Elements is not [{ } keys])
        {
            throw ModelException.Unsupported(node, "lengths that no size or input of the model tells");
        }

        _ = Buckets(node);
        return (queries - keys).Value is null or 0
            ? [new TensorType(table.ElementType, new Shape([1, table.Shape[1], queries, queries]))]
            : throw new ModelException(node, $"{queries} queries on {keys} keys; as many are expected");
    }

    /// <summary>The bucket of every distance up to the largest, from where on all are in the last one.</summary>
    private static long[] Buckets(Node node)
    {
        long distances = node.IntegerAttribute("max_distance", 0), buckets = node.Input(0).Shape[0].Constant;
        long own = IsBidirectional(node) ? buckets / 2 : buckets, exact = own / 2;
        if (exact < 1 || distances <= exact || distances > short.MaxValue)
        {
            throw new ModelException(node, $"{buckets} buckets for distances up to {distances}; needed are a bucket for single distances and more of them than these");
        }

        // In float32 as the formula's authors compute it: rounding decides where a bucket begins.
        float Logarithm(float value) => (float)Math.Log(value);
        long Bucket(long distance) => distance < exact
            ? distance
            : Math.Min(own - 1, exact + (long)(Logarithm(distance * 1f / exact) / Logarithm((float)distances / exact) * (own - exact)));
        return [.. Enumerable.Range(0, (int)distances + 1).Select(distance => Bucket(distance))];
    }

    private static bool IsBidirectional(Node node) => node.IntegerAttribute("is_bidirectional", 0) != 0;

    private static Value[] WriteBias(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Dimension length = node.Output.Shape[2];
        (long buckets, long heads) = (node.Input(0).Shape[0].Constant, node.Input(0).Shape[1].Constant);
        Value positions = context.Add("Range", context.Literal(0, ElementType.Int64), context.Size(length), context.Literal(1, ElementType.Int64));
        Value ahead = formula.Subtract(positions, context.Add("Unsqueeze", positions, context.Integers(1)));
        Value zero = formula.Number(0, ahead);
        Value distance = IsBidirectional(node) ? context.Add("Abs", ahead) : context.Add("Max", context.Add("Neg", ahead), zero);
        long[] all = Buckets(node);
        Value bucket = context.Add("Gather", context.Integers(all), context.Add("Min", distance, formula.Number(all.Length - 1, distance)));
        if (IsBidirectional(node))
        {
            bucket = formula.Add(bucket, formula.Where(context.Add("Greater", ahead, zero), formula.Number(buckets / 2, bucket), zero));
        }

        Value table = formula.Reshape(formula.Reshape(node.Input(0), buckets * heads), heads, buckets);
        return [context.Add("Unsqueeze", context.Add("Gather", [("axis", 1L)], table, bucket), context.Integers(0))];
    }

    private static TensorType[] InferGated(Node node)
    {
        ElementType type = node.Input(0).ElementType;
        long heads = node.IntegerAttribute("num_heads", 0);
        Shape query = node.Input(0).Shape, bias = node.Input(2).Shape, weights = node.Input(3).Shape;
        bool isPacked = node.OptionalInput(6) is not null;
        if (type is not (ElementType.Float32 or ElementType.Float16) || heads < 1 || query.Rank != (isPacked ? 2 : 3) || query[query.Rank - 1].Value is not { } width || width % heads != 0
            || weights.Rank != 2 || weights[0].Value != width / heads || weights[1].Value is not { } columns || columns % 2 != 0)
        {
            throw new ModelException(node, $"a query {node.Input(0).Type} and weights {weights} do not fit {heads} heads of float32 or float16");
        }

        for (int input = 1; input < 6; input++)
        {
            ElementTypeSet.RequireEqual(node, 0, input);
        }

        if (isPacked && node.Input(6) is not { ElementType: ElementType.Int32, Shape.Rank: 2 })
        {
            throw new ModelException(node, $"offsets of tokens {node.Input(6).Type} must be int32 [rows, positions]");
        }

        Shape tokens = isPacked ? node.Input(6).Shape : query;
        var expected = new Shape([1, heads, tokens[1], tokens[1]]);
        if (bias.Rank != 4 || Enumerable.Range(0, 4).Any(axis => (bias[axis] - expected[axis]).Value is not (null or 0))
            || node.Input(1).Shape.ElementCount.Value != width || node.Input(4).Shape.ElementCount.Value != columns || node.Input(5).Shape.ElementCount.Value != heads)
        {
            throw new ModelException(node, $"a bias of positions {bias} must be {expected}, biases {node.Input(1).Shape} and {node.Input(4).Shape} as wide as what they are added to, and there must be {heads} factors, not {node.Input(5).Shape}");
        }

        return [new TensorType(type, new Shape([tokens[0], heads, tokens[1], tokens[1]]))];
    }

    private static Value[] WriteGated(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        long heads = node.IntegerAttribute("num_heads", 0), size = node.Input(3).Shape[0].Constant, columns = node.Input(3).Shape[1].Constant;
        Value query = formula.Widen(node.Input(0));
        query = node.OptionalInput(6) is { } offsets ? PackedAttentionOperators.Restore(query, offsets, context) : query;
        (Dimension rows, Dimension positions) = (query.Shape[0], query.Shape[1]);
        Value biased = context.Add("Reshape", formula.Add(query, formula.Widen(node.Input(1))), context.Sizes(rows, positions, heads, size));
        Value gates = formula.Add(context.Add("MatMul", formula.Transpose(biased, 0, 2, 1, 3), formula.Widen(node.Input(3))), formula.Widen(node.Input(4)));
        Value halves = formula.Sum(context.Add("Reshape", gates, context.Sizes(rows, heads, positions, 2, columns / 2)), [4], keepsAxes: false);
        context.AddWithOutputs("Split", [("axis", 3L), ("num_outputs", 2L)], [formula.Apply("Sigmoid", halves)], 2, out Node split);
        Value factor = formula.Reshape(formula.Widen(node.Input(5)), 1, heads, 1, 1);
        Value inner = formula.Subtract(formula.Multiply(split.Outputs[1]!, factor), formula.Number(1, factor));
        Value gate = formula.Add(formula.Multiply(split.Outputs[0]!, inner), formula.Number(2, inner));
        return [formula.Cast(formula.Multiply(gate, formula.Widen(node.Input(2))), node.Output.ElementType)];
    }

    private static TensorType[] InferGemma(Node node)
    {
        Value angles = node.Input(0);
        if (angles.ElementType != ElementType.Float32 || angles.Shape.Rank != 3)
        {
            throw new ModelException(node, $"angles {angles.Type} must be float32 [batch, sequence, size]");
        }

        for (int input = 1; input < 5; input++)
        {
            Value operand = node.Input(input);
            Shape shape = operand.Shape;
            if (operand.ElementType != ElementType.Float16 || shape.Rank != 4 || !shape.Equals(node.Input(input < 3 ? 1 : 3).Shape)
                || new[] { (0, 0), (2, 1), (3, 2) }.Any(axes => (shape[axes.Item1] - angles.Shape[axes.Item2]).Value is not (null or 0)))
            {
                throw new ModelException(node, $"input {input} is {operand.Type} and must be float16 [batch, heads, sequence, size], which fits angles {angles.Shape} and its other half");
            }
        }

        return [node.Input(1).RequiredType, node.Input(3).RequiredType];
    }

    private static Value[] WriteGemma(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value angles = context.Add("Unsqueeze", node.Input(0), context.Integers(1));
        Value cosine = formula.Cast(formula.Apply("Cos", angles), ElementType.Float16), sine = formula.Cast(formula.Apply("Sin", angles), ElementType.Float16);
        Value Rotated(int input) => formula.Add(formula.Multiply(node.Input(input), cosine), formula.Multiply(node.Input(input + 1), sine));
        return [Rotated(1), Rotated(3)];
    }

    private static TensorType[] InferStreams(Node node)
    {
        _ = Streams(node);
        Value x = node.Input(0), positions = node.Input(1);
        long sequence = x.Shape.Rank == 4 ? 2 : 1;
        return positions.ElementType == ElementType.Int64 && positions.Shape.Rank == 3 && positions.Shape[0].Value == 3
            && (positions.Shape[1] - x.Shape[0]).Value is null or 0 && (positions.Shape[2] - x.Shape[(int)sequence]).Value is null or 0
            ? [x.RequiredType]
            : throw new ModelException(node, $"positions {positions.Type} must be int64 [3, {x.Shape[0]}, {x.Shape[(int)sequence]}]");
    }

    /// <summary>Which of the three positions each column of the tables belongs to.</summary>
    private static long[] Streams(Node node)
    {
        Shape x = node.Input(0).Shape, table = node.Input(2).Shape;
        ElementType type = node.Input(0).ElementType;
        long heads = node.IntegerAttribute("num_heads", 0), rotary = node.IntegerAttribute("rotary_embedding_dim", 0);
        if (type is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16) || x.Rank is not (3 or 4) || (x.Rank == 3 || rotary > 0 ? heads < 1 : heads < 0) || rotary < 0)
        {
            throw new ModelException(node, $"an input {node.Input(0).Type} with num_heads {heads} and rotary_embedding_dim {rotary}; needed are three axes and the number of heads, or four");
        }

        ElementTypeSet.RequireEqual(node, 0, 2);
        ElementTypeSet.RequireEqual(node, 0, 3);
        long? size = x.Rank == 4 ? x[3].Value : x[2].Value is { } width && width % heads == 0 ? width / heads : null;
        long rotated = rotary > 0 ? rotary : size ?? 0;
        if (size is null || rotated > size || rotated % 2 != 0 || table.Rank != 2 || !node.Input(3).Shape.Equals(table) || table[1].Value != rotated / 2)
        {
            throw new ModelException(node, $"tables {table} and {node.Input(3).Shape} do not fit {rotated} rotated elements of an input {x}");
        }

        long[] sections = node.IntegersAttribute("mrope_section") ?? [];
        if (sections.Length != 3 || sections.Any(section => section < 0) || sections.Sum() != rotated / 2)
        {
            throw new ModelException(node, $"attribute 'mrope_section' is [{string.Join(", ", sections)}]; needed are three numbers with the sum {rotated / 2}");
        }

        return node.IntegerAttribute("mrope_layout", 0) switch
        {
            0 => [.. sections.SelectMany((section, stream) => Enumerable.Repeat((long)stream, (int)section))],
            1 => [.. Enumerable.Range(0, (int)rotated / 2).Select(column => column % 3 > 0 && column < 3 * sections[column % 3] ? column % 3 : 0L)],
            long other => throw new ModelException(node, $"attribute 'mrope_layout' is {other}; known are 0 and 1"),
        };
    }

    private static Value[] WriteStreams(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        long[] streams = Streams(node);
        float scale = node.FloatAttribute("scale", 1);
        Value x = node.Input(0);
        Value Table(int input)
        {
            Value? combined = null;
            for (int stream = 0; stream < 3; stream++)
            {
                if (stream > 0 && !streams.Contains(stream))
                {
                    continue;
                }

                Value positions = formula.Squeeze(context.Add("Slice", node.Input(1), context.Integers(stream), context.Integers(stream + 1), context.Integers(0)), [0]);
                Value rows = context.Add("Gather", node.Input(input), positions);
                Value own = context.Graph.AddConstant("stream", ConstantElements.FromIntegers([.. streams.Select(other => other == stream ? 1L : 0)], new TensorType(ElementType.Boolean, Shape.Of(streams.Length))));
                combined = combined is null ? rows : formula.Where(own, rows, combined);
            }

            return scale == 1 ? combined! : formula.Cast(formula.Multiply(formula.Widen(combined!), context.Literal(scale, ElementType.Float32)), x.ElementType);
        }

        return [context.Add(
            "RotaryEmbedding",
            [("num_heads", node.IntegerAttribute("num_heads", 0)), ("interleaved", node.IntegerAttribute("interleaved", 0)), ("rotary_embedding_dim", node.IntegerAttribute("rotary_embedding_dim", 0))],
            x, Table(2), Table(3))];
    }
}
