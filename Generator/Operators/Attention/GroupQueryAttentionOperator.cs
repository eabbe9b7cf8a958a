using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// GroupQueryAttention of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. Inputs: query [batch, sequence, heads · size] (or query,
/// key and value side by side in it), key, value, past key, past value [batch, key heads, past, size], <c>seqlens_k</c> (keys of each row, less one), total sequence length,
/// cosines, sines, positions, bias of the scores, sinks, weights of a norm of each head of queries and of keys. Causal unless <c>causal</c> is 0. Becomes RotaryEmbedding and <see cref="AttentionNode"/>.
/// </summary>
/// <remarks>
/// A row's new keys follow its own past, which may be shorter than the past's memory: memory of a fixed length (a static cache) is one whose present is as long as the past.
/// Where the total is not known at build time, the present is taken to be as long as past and new keys, unless the model declares it to be as long as the past; the run
/// checks it. Refused: quantised caches, a window of 0, caches of the window's size.
/// </remarks>
internal sealed class GroupQueryAttentionOperator : Operator
{
    private const int PastKey = 3;
    private const int PastValue = 4;
    private const int LastKeys = 5;
    private const int TotalLength = 6;
    private const int Cosine = 7;
    private const int Sine = 8;
    private const int Positions = 9;
    private const int Bias = 10;
    private const int HeadSink = 11;
    private const int QueryNorm = 14;
    private const int KeyNorm = 15;

    public static readonly IReadOnlyList<Operator> All = [new GroupQueryAttentionOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "GroupQueryAttention";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        var sizes = new Sizes(node);
        Value query = node.Input(0);
        foreach (Value current in new[] { node.OptionalInput(1), node.OptionalInput(2) }.OfType<Value>().Where(static value => value.Shape.Rank == 3))
        {
            // Keys and values come with the queries' positions.
            context.RequireEqual(node, current.Shape[0], sizes.Batch, "the batches of keys and queries");
            context.RequireEqual(node, current.Shape[1], sizes.Sequence, "the lengths of keys and queries");
        }

        context.SetType(node.Output, new TensorType(query.ElementType, new Shape([sizes.Batch, sizes.Sequence, sizes.QueryHeads * sizes.HeadSize])));
        var present = new TensorType(query.ElementType, new Shape([sizes.Batch, sizes.KeyHeads, sizes.Present, sizes.HeadSize]));
        for (int output = 1; output < node.Outputs.Count; output++)
        {
            if (node.Outputs[output] is { } value)
            {
                context.SetType(value, output < 3 ? present : new TensorType(query.ElementType, new Shape([sizes.Batch, sizes.QueryHeads, sizes.Sequence, sizes.Scores])));
            }
        }
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        var sizes = new Sizes(node);
        var formula = new Formula(context);
        Value[] operands = Operands(node, sizes, context);
        operands[0] = Normalized(node, operands[0], sizes, sizes.QueryHeads, QueryNorm, context);
        operands[1] = Normalized(node, operands[1], sizes, sizes.KeyHeads, KeyNorm, context);
        Value lastKeys = node.Input(LastKeys);
        if (lastKeys.Shape.Rank != 1)
        {
            lastKeys = formula.Reshape(lastKeys, sizes.Batch);
        }

        Value lengths = formula.Add(lastKeys, formula.Number(1, lastKeys));
        if (node.IntegerAttribute("do_rotary", 0) != 0)
        {
            Value positions = node.OptionalInput(Positions) is { } given ? formula.Cast(given, ElementType.Int64) : HeadRotation.RowPositions(node.Input(0), lengths, context);
            var rotation = new HeadRotation(node, node.Input(Cosine), node.Input(Sine), positions, context);
            operands[0] = rotation.Apply(operands[0], sizes.QueryHeads, sizes.HeadSize);
            operands[1] = rotation.Apply(operands[1], sizes.KeyHeads, sizes.HeadSize);
        }

        float scale = node.FloatAttribute("scale", 0);
        Node attention = new AttentionBuilder(operands[0], operands[1], operands[2])
        {
            Mask = node.OptionalInput(Bias),
            MaskExcludes = true,
            PastKey = node.OptionalInput(PastKey),
            PastValue = node.OptionalInput(PastValue),
            KeyLengths = lengths,
            TotalLength = node.OptionalInput(PastKey) is null && sizes.IsTotalKnown ? null : node.Input(TotalLength),
            KeepsLength = sizes.KeepsLength,
            Sink = Sink(node, sizes, formula),
            QueryHeads = sizes.QueryHeads,
            KeyHeads = sizes.KeyHeads,
            IsCausal = sizes.IsCausal,
            Scale = scale != 0 ? scale : null,
            SoftCap = node.FloatAttribute("softcap", 0),
            Window = Math.Max(node.IntegerAttribute("local_window_size", -1), 0),
            ScoresMode = node.IntegerAttribute("qk_output", 0) == 2 ? 3 : 2,
        }.Add(context);
        for (int output = 0; output < Math.Min(node.Outputs.Count, 3); output++)
        {
            context.Replace(node.Outputs[output], attention.Outputs[output]!);
        }

        if (node.OptionalOutput(3) is { } scores)
        {
            context.Replace(scores, Scores(attention.Outputs[AttentionNode.Scores]!, sizes, node, context));
        }

        return true;
    }

    private static Value[] Operands(Node node, Sizes sizes, ExpansionContext context)
    {
        Value query = node.Input(0);
        if (node.OptionalInput(1) is { } key)
        {
            return [query, key, node.Input(2)];
        }

        Value parts = context.Integers(sizes.QueryHeads * sizes.HeadSize, sizes.KeyHeads * sizes.HeadSize, sizes.KeyHeads * sizes.HeadSize);
        context.AddWithOutputs("Split", [("axis", 2L)], [query, parts], 3, out Node split);
        return [.. split.Outputs.Select(output => output!)];
    }

    private static Value Normalized(Node node, Value operand, Sizes sizes, long heads, int weight, ExpansionContext context)
    {
        if (node.OptionalInput(weight) is not { } gain)
        {
            return operand;
        }

        var formula = new Formula(context);
        Value apart = context.Add("Reshape", formula.Widen(operand), context.Integers(0, 0, heads, sizes.HeadSize));
        Value normal = context.Add("RMSNormalization", [("axis", -1L), ("epsilon", node.FloatAttribute("qk_norm_epsilon", 1e-6f))], apart, formula.Widen(gain));
        return formula.Cast(context.Add("Reshape", normal, context.Integers(0, 0, heads * sizes.HeadSize)), operand.ElementType);
    }

    private static Value? Sink(Node node, Sizes sizes, Formula formula)
    {
        if (node.OptionalInput(HeadSink) is { } sink)
        {
            return formula.Cast(sink, ElementType.Float32);
        }

        // A smooth softmax adds 1 to the sum of exponentials: a sink of 0. The attribute's default is -1, which optimised graphs state.
        return node.IntegerAttribute("smooth_softmax", 0) != 1 ? null : formula.Zeros(sizes.QueryHeads);
    }

    /// <summary>The scores over as many keys as the longest row has; a static cache has room for more.</summary>
    private static Value Scores(Value scores, Sizes sizes, Node node, ExpansionContext context)
    {
        if (sizes.Scores == sizes.Present)
        {
            return scores;
        }

        Value end = new Formula(context).Reshape(node.Input(TotalLength), Dimension.One);
        return context.Add("Slice", scores, context.Integers(0), new Formula(context).Cast(end, ElementType.Int64), context.Integers(3));
    }

    /// <summary>The node's sizes, checked.</summary>
    private sealed class Sizes
    {
        public Sizes(Node node)
        {
            ElementType type = node.Input(0).ElementType;
            if (type is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16))
            {
                throw ModelException.Unsupported(node, $"elements of type {type.OnnxName()}");
            }

            if (Enumerable.Range(HeadSink + 1, 2).Any(input => node.OptionalInput(input) is not null) || node.IntegerAttribute("kv_cache_bit_width", 0) != 0)
            {
                throw ModelException.Unsupported(node, "quantised keys and values");
            }

            long window = node.IntegerAttribute("local_window_size", -1);
            if (window == 0)
            {
                throw ModelException.Unsupported(node, "a window of 0 keys");
            }

            if (node.IntegerAttribute("sliding_window_cache", 0) != 0)
            {
                throw ModelException.Unsupported(node, "a cache of the window's size, which drops keys itself (sliding_window_cache)");
            }

            IsCausal = node.IntegerAttribute("causal", 1) switch
            {
                0 when window > 0 => throw new ModelException(node, $"a window of {window} keys without causality"),
                0 => false,
                1 => true,
                long other => throw new ModelException(node, $"attribute 'causal' is {other}; known are 0 and 1"),
            };

            QueryHeads = Heads(node, "num_heads");
            KeyHeads = Heads(node, "kv_num_heads");
            if (QueryHeads % KeyHeads != 0)
            {
                throw new ModelException(node, $"{QueryHeads} query heads cannot share {KeyHeads} key heads evenly");
            }

            Shape query = node.Input(0).Shape;
            bool isPacked = node.OptionalInput(1) is null;
            long parts = isPacked ? QueryHeads + (2 * KeyHeads) : QueryHeads;
            if (query.Rank != 3 || query[2].Value is not { } width || width % parts != 0 || isPacked != node.OptionalInput(2) is null)
            {
                throw new ModelException(node, $"a query of shape {query} does not fit {QueryHeads} heads on {KeyHeads} key heads{(isPacked ? ", packed" : "")}");
            }

            (Batch, Sequence, HeadSize) = (query[0], query[1], width / parts);
            if (node.OptionalInput(PastKey) is null != node.OptionalInput(PastValue) is null)
            {
                throw new ModelException(node, "past_key and past_value must be given together");
            }

            if (node.IntegerAttribute("do_rotary", 0) != 0 && (node.OptionalInput(Cosine) is null || node.OptionalInput(Sine) is null))
            {
                throw new ModelException(node, "do_rotary needs the inputs cos_cache and sin_cache");
            }

            foreach (int norm in new[] { QueryNorm, KeyNorm })
            {
                if (node.OptionalInput(norm) is null != node.OptionalInput(QueryNorm) is null || (node.OptionalInput(norm) is { } gain && !gain.Shape.Equals(Shape.Of(HeadSize))))
                {
                    throw new ModelException(node, $"q_norm_weight {node.OptionalInput(QueryNorm)?.Type} and k_norm_weight {node.OptionalInput(KeyNorm)?.Type} must be given together, with {HeadSize} numbers");
                }
            }

            Shape? past = node.OptionalInput(PastKey)?.Shape;
            if (past is not null && past.Rank != 4)
            {
                throw new ModelException(node, $"past keys of shape {past} must have rank 4");
            }

            Dimension? total = node.Input(TotalLength).Elements is [var known] ? known : null;
            IsTotalKnown = total is not null;
            KeepsLength = !IsTotalKnown && past is not null && node.OptionalOutput(1)?.DeclaredType is { Rank: 4 } declared && declared.Shape[2] == past[2] && past[2].Value != 0;
            Present = AttentionSizes.PresentLength(past?[2] ?? Dimension.Zero, Sequence, total, KeepsLength);
            Scores = total ?? Present;
        }

        public Dimension Batch { get; }

        public Dimension Sequence { get; }

        public long QueryHeads { get; }

        public long KeyHeads { get; }

        public long HeadSize { get; }

        public bool IsCausal { get; }

        public bool IsTotalKnown { get; }

        /// <summary>Whether the model declares present to be as long as past, where the total is not known.</summary>
        public bool KeepsLength { get; }

        public Dimension Present { get; }

        public Dimension Scores { get; }

        private static long Heads(Node node, string attribute)
        {
            long heads = node.IntegerAttribute(attribute, 0);
            return heads > 0 ? heads : throw new ModelException(node, $"attribute '{attribute}' is missing");
        }
    }
}
