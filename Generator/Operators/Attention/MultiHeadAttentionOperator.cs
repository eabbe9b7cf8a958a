using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// MultiHeadAttention of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. Query [batch, sequence, width] with key and value of
/// the same kind or [batch, heads, keys, size]; or key and value packed as [batch, keys, heads, 2, size]; or all three packed as [batch, sequence, heads, 3, size]. Then
/// biases, mask (<see cref="ContribAttentionMask"/>), bias of the scores, past key, past value. Outputs: result, present key, present value, scores. Becomes
/// <see cref="AttentionNode"/>, with the biases added to its operands; packed operands are taken apart as views. Refused: shared buffers and cache indirection.
/// </summary>
/// <remarks>As in ONNX Runtime, the past only counts where a present is asked for.</remarks>
internal sealed class MultiHeadAttentionOperator : Operator
{
    private const int OperandBias = 3;
    private const int Mask = 4;
    private const int ScoreBias = 5;
    private const int PastKey = 6;
    private const int PastValue = 7;

    public static readonly IReadOnlyList<Operator> All = [new MultiHeadAttentionOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "MultiHeadAttention";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementType type = node.Input(0).ElementType;
        if (type is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16))
        {
            throw ModelException.Unsupported(node, $"elements of type {type.OnnxName()}");
        }

        if (node.Inputs.Skip(PastValue + 1).Any(input => input is not null))
        {
            throw ModelException.Unsupported(node, "a past of fixed length and cache indirection");
        }

        if (node.OptionalInput(PastKey) is null != node.OptionalInput(PastValue) is null)
        {
            throw new ModelException(node, "past_key and past_value must be given together");
        }

        var sizes = new Sizes(node);
        Shape[] shapes =
        [
            new([sizes.Batch, sizes.Queries, sizes.Heads * sizes.ValueSize]),
            new([sizes.Batch, sizes.Heads, sizes.Total, sizes.HeadSize]),
            new([sizes.Batch, sizes.Heads, sizes.Total, sizes.ValueSize]),
            new([sizes.Batch, sizes.Heads, sizes.Queries, sizes.Total]),
        ];
        for (int output = 0; output < node.Outputs.Count; output++)
        {
            if (node.Outputs[output] is { } value)
            {
                context.SetType(value, new TensorType(type, shapes[output]));
            }
        }
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        var sizes = new Sizes(node);
        var formula = new Formula(context);
        Value[] operands = Operands(node, sizes, context);
        bool isCached = !context.Graph.IsBody && node.OptionalInput(PastKey) is { } past && context.Graph.Inputs.Contains(past) && node.OptionalOutput(1) is { } present && context.Graph.IsOutput(present);
        var mask = new ContribAttentionMask(node, context)
        {
            Batch = sizes.Batch,
            Queries = sizes.Queries,
            Keys = sizes.Total,
            Past = sizes.Past,
            MayPlan = isCached,
        };
        float scale = node.FloatAttribute("scale", 0);
        Node attention = new AttentionBuilder(operands[0], operands[1], operands[2])
        {
            Mask = mask.Build(node.OptionalInput(Mask), Bias(node, sizes, context)),
            PastKey = sizes.HasPast ? node.Input(PastKey) : null,
            PastValue = sizes.HasPast ? node.Input(PastValue) : null,
            QueryHeads = sizes.Heads,
            KeyHeads = sizes.Heads,

            // A single query is not held back, whatever it stands before.
            IsCausal = node.IntegerAttribute("unidirectional", 0) != 0 && sizes.Queries.Value != 1,
            Scale = scale != 0 ? scale : null,
            FullyMasked = "uniform",
            ScoresMode = 2,
        }.Add(context);
        Value result = attention.Output;
        if (result.Shape.Rank == 4)
        {
            result = formula.Reshape(formula.Transpose(result, 0, 2, 1, 3), sizes.Batch, sizes.Queries, sizes.Heads * sizes.ValueSize);
        }

        context.Replace(node.Output, result);
        for (int output = 1; output < node.Outputs.Count; output++)
        {
            context.Replace(node.Outputs[output], attention.Outputs[output]!);
        }

        return true;
    }

    /// <summary>Query, key and value, with their biases, as [batch, length, width] or [batch, heads, length, size].</summary>
    private static Value[] Operands(Node node, Sizes sizes, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value?[] biases = Biases(node, sizes, context);
        Value query = node.Input(0);
        Value? key = node.OptionalInput(1);
        if (query.Shape.Rank == 5)
        {
            return Unpack(query, biases, context);
        }

        query = Add(query, biases[0]);
        if (key!.Shape.Rank == 5)
        {
            return [query, .. Unpack(key, [biases[1], biases[2]], context)];
        }

        // Keys with an axis of heads come from the cache of another run, which holds them with their biases.
        return key.Shape.Rank == 4 ? [query, key, node.Input(2)] : [query, Add(key, biases[1]), Add(node.Input(2), biases[2])];

        Value Add(Value value, Value? bias) => bias is null ? value : formula.Add(value, bias);
    }

    /// <summary>The operands [batch, heads, length, size] that lie side by side in [batch, length, heads, parts, size].</summary>
    private static Value[] Unpack(Value packed, Value?[] biases, ExpansionContext context)
    {
        var formula = new Formula(context);
        context.AddWithOutputs("Split", [("axis", 3L)], [packed, context.Integers([.. biases.Select(_ => 1L)])], biases.Length, out Node split);
        return [.. split.Outputs.Select((part, index) =>
        {
            Value operand = formula.Squeeze(part!, [3]);
            operand = biases[index] is { } bias ? formula.Add(operand, formula.Reshape(bias, operand.Shape[2], operand.Shape[3])) : operand;
            return formula.Transpose(operand, 0, 2, 1, 3);
        })];
    }

    /// <summary>The bias of the scores; where the past does not count, that of a single query starts with the new keys.</summary>
    private static Value? Bias(Node node, Sizes sizes, ExpansionContext context)
    {
        Value? bias = node.OptionalInput(ScoreBias);
        if (bias is null || sizes.HasPast || node.OptionalInput(PastKey) is null || bias.Shape[bias.Shape.Rank - 1] == sizes.Keys)
        {
            return bias;
        }

        return sizes.Queries.Value == 1
            ? context.Add("Slice", bias, context.Integers(0), context.Sizes(sizes.Keys), context.Integers(-1))
            : throw ModelException.Unsupported(node, "a bias over a past that does not count, as no present is asked for");
    }

    private static Value?[] Biases(Node node, Sizes sizes, ExpansionContext context)
    {
        if (node.OptionalInput(OperandBias) is not { } bias)
        {
            return [null, null, null];
        }

        long width = sizes.Heads * sizes.HeadSize;
        long all = (2 * width) + (sizes.Heads * sizes.ValueSize);
        if (bias.Shape.Rank != 1 || bias.Shape[0].Value != all)
        {
            throw new ModelException(node, $"a bias of shape {bias.Shape} must have {all} numbers");
        }

        context.AddWithOutputs("Split", [("axis", 0L)], [bias, context.Integers(width, width, all - (2 * width))], 3, out Node parts);
        return [.. parts.Outputs];
    }

    /// <summary>The node's sizes, checked.</summary>
    private sealed class Sizes
    {
        public Sizes(Node node)
        {
            Heads = node.IntegerAttribute("num_heads", 0) is var heads and > 0 ? heads : throw new ModelException(node, "attribute 'num_heads' is missing");
            Shape query = node.Input(0).Shape;
            Value? key = node.OptionalInput(1);
            Value? value = node.OptionalInput(2);
            if (query.Rank is not (3 or 5))
            {
                throw new ModelException(node, $"a query of shape {query} must have rank 3, or 5 where keys and values are packed into it");
            }

            (Batch, Queries) = (query[0], query[1]);
            bool isPacked = query.Rank == 5;
            bool isKeyPacked = key?.Shape.Rank == 5;
            if (isPacked ? key is not null || value is not null : key is null || isKeyPacked != value is null)
            {
                throw new ModelException(node, "query, key and value must all be given, or packed into the query or the key");
            }

            HeadSize = isPacked ? Packed(node, query, 3) : Width(node, query, query.Rank) / Heads;
            if (isPacked || isKeyPacked)
            {
                ValueSize = isPacked ? HeadSize : Packed(node, key!.Shape, 2);
                Keys = isPacked ? query[1] : key!.Shape[1];
            }
            else
            {
                bool isByHead = key!.Shape.Rank == 4;
                if (key.Shape.Rank is not (3 or 4) || value!.Shape.Rank != key.Shape.Rank)
                {
                    throw new ModelException(node, $"keys of shape {key.Shape} and values of shape {value!.Shape} must both have rank 3, or 4 where they are split into heads");
                }

                ValueSize = isByHead ? value.Shape[3].Value ?? throw ModelException.Unsupported(node, "values of symbolic size") : Width(node, value.Shape, value.Shape.Rank) / Heads;
                Keys = isByHead ? key.Shape[2] : key.Shape[1];
            }

            HasPast = node.OptionalInput(PastKey) is not null && (node.OptionalOutput(1) is not null || node.OptionalOutput(2) is not null);
            Past = !HasPast ? Dimension.Zero
                : node.Input(PastKey).Shape is { Rank: 4 } past ? past[2]
                : throw new ModelException(node, $"past keys of shape {node.Input(PastKey).Shape} must have rank 4");
            Total = Past + Keys;
        }

        public Dimension Batch { get; }

        public Dimension Queries { get; }

        public Dimension Keys { get; }

        public bool HasPast { get; }

        public Dimension Past { get; }

        public Dimension Total { get; }

        public long Heads { get; }

        public long HeadSize { get; }

        public long ValueSize { get; }

        private long Width(Node node, Shape shape, int rank) => rank != 3 ? throw new ModelException(node, $"an operand of shape {shape} must have rank 3")
            : shape[2].Value is not { } width ? throw ModelException.Unsupported(node, "operands of symbolic width")
            : width % Heads == 0 ? width
            : throw new ModelException(node, $"{width} elements cannot be split into {Heads} heads");

        private long Packed(Node node, Shape shape, int parts) => shape[2].Value == Heads && shape[3].Value == parts && shape[4].Value is { } size
            ? size
            : throw new ModelException(node, $"a packed operand of shape {shape} must be [batch, length, {Heads}, {parts}, size]");
    }
}
