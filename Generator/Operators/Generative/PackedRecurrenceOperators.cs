using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// VarlenCausalConvWithState and GatedDeltaNet of com.microsoft, on rows of different length that lie one after the other: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md.
/// <para>VarlenCausalConvWithState: a depthwise convolution [tokens, channels] that sees its row's past only, with dilation, activation, states and the first inputs of each row on request. Sums of
/// gathered tokens.</para>
/// <para>GatedDeltaNet: query, key and value [tokens, heads, size] or [batch, sequence, heads, size]; becomes LinearAttention with its gates, rows padded behind their end by tokens that change no state.
/// Refused: updates of the state (<c>state_update_capacity</c>).</para>
/// </summary>
internal static class PackedRecurrenceOperators
{
    /// <summary>What is added to the sum of squares when vectors are brought to length 1.</summary>
    private const float LeastSquare = 1e-6f;

    public static readonly IReadOnlyList<Operator> All = [new ComposedOperator("VarlenCausalConvWithState", InferConvolution, WriteConvolution), new ComposedOperator("GatedDeltaNet", InferDelta, WriteDelta)];

    private static void RequireShape(Node node, int input, ElementType type, params Dimension[] expected)
    {
        Shape actual = node.Input(input).Shape;
        if (node.Input(input).ElementType != type || actual.Rank != expected.Length || Enumerable.Range(0, expected.Length).Any(axis => (actual[axis] - expected[axis]).Value is not (null or 0)))
        {
            throw new ModelException(node, $"input {input} is {node.Input(input).Type} and must be {type.OnnxName()} {new Shape(expected)}");
        }
    }

    private static void RequireNumbers(Node node)
    {
        if (node.Input(0).ElementType is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16))
        {
            throw ModelException.Unsupported(node, $"elements of type {node.Input(0).ElementType.OnnxName()}; float32, float16 and bfloat16 are supported");
        }
    }

    private static TensorType?[] InferConvolution(Node node)
    {
        RequireNumbers(node);
        Value x = node.Input(0);
        long dilation = node.IntegerAttribute("dilation", 1), capacity = node.IntegerAttribute("state_update_capacity", 0);
        if (x.Shape.Rank != 2 || node.Input(1).Shape is not { Rank: 3 } weights || weights[2].Value is not { } taps || taps < 1 || dilation < 1 || capacity is < 0 or > 8
            || node.Input(2) is not { ElementType: ElementType.Int32, Shape.Rank: 1 } cumulative || node.OptionalInput(5) is null != (capacity == 0))
        {
            throw new ModelException(node, $"an input {x.Type}, weights {node.Input(1).Shape}, dilation {dilation}, state_update_capacity {capacity}; needed are two axes, [channels, 1, taps], at least 1, and 0 to 8 with capture_count where it is not 0");
        }

        if (node.StringAttribute("activation", "none") is var activation and not ("none" or "silu" or "swish"))
        {
            throw new ModelException(node, $"attribute 'activation' is '{activation}'; known are 'none', 'silu' and 'swish'");
        }

        (Dimension rows, Dimension channels, long kept) = (cumulative.Shape[0] - 1, x.Shape[1], (taps - 1) * dilation);
        RequireShape(node, 1, x.ElementType, channels, 1, taps);
        RequireShape(node, 4, x.ElementType, rows, channels, kept);
        if (node.OptionalInput(3) is not null)
        {
            RequireShape(node, 3, x.ElementType, channels);
        }

        if (capacity > 0)
        {
            RequireShape(node, 5, ElementType.Int32, rows);
        }

        return [x.RequiredType, node.Input(4).RequiredType, capacity == 0 ? null : new TensorType(x.ElementType, new Shape([rows, capacity, channels]))];
    }

    private static Value?[] WriteConvolution(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = node.Input(0), weights = formula.Widen(node.Input(1));
        long taps = weights.Shape[2].Constant, dilation = node.IntegerAttribute("dilation", 1), kept = (taps - 1) * dilation;
        var rows = new PackedRows(node.Input(2), x.Shape[0], context);
        Dimension channels = x.Shape[1];
        Value all = kept == 0 ? x : context.Add("Concat", [("axis", 0L)], context.Add("Reshape", formula.Transpose(node.Input(4), 0, 2, 1), context.Sizes(rows.Rows * kept, channels)), x);
        Value wide = formula.Widen(all);
        Value? sum = node.OptionalInput(3) is { } bias ? formula.Widen(bias) : null;
        for (long tap = 0; tap < taps; tap++)
        {
            Value factor = formula.Squeeze(context.Add("Slice", weights, context.Integers(tap), context.Integers(tap + 1), context.Integers(2)), [1, 2]);
            Value term = formula.Multiply(context.Add("Gather", wide, rows.Before((taps - 1 - tap) * dilation, kept)), factor);
            sum = sum is null ? term : formula.Add(sum, term);
        }

        Value result = node.StringAttribute("activation", "none") == "none" ? sum! : context.Add("Swish", sum!);
        Value state = kept == 0 ? context.Add("Identity", node.Input(4)) : formula.Transpose(context.Add("Gather", all, rows.Last(kept)), 0, 2, 1);
        return [formula.Cast(result, x.ElementType), state, node.OptionalInput(5) is { } counts ? Captured(node, rows, counts, context) : null];
    }

    /// <summary>The first tokens of each row, as many as are asked for; zeros behind them.</summary>
    private static Value Captured(Node node, PackedRows rows, Value counts, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value slots = context.Integers([.. Enumerable.Range(0, (int)node.IntegerAttribute("state_update_capacity", 0)).Select(slot => (long)slot)]);
        Value count = context.Add("Min", formula.Cast(counts, ElementType.Int64), rows.Lengths);
        Value isKept = context.Add("Unsqueeze", context.Add("Less", slots, rows.Column(count)), context.Integers(2));
        Value place = context.Add("Min", formula.Add(rows.Column(rows.Starts), slots), context.Size(rows.Tokens - 1));
        Value tokens = context.Add("Gather", node.Input(0), place);
        return formula.Where(isKept, tokens, formula.Number(0, tokens));
    }

    private static TensorType?[] InferDelta(Node node)
    {
        RequireNumbers(node);
        if (node.IntegerAttribute("state_update_capacity", 0) != 0 || node.OptionalInput(9) is not null || node.OptionalOutput(2) is not null)
        {
            throw ModelException.Unsupported(node, "updates of the state");
        }

        foreach ((string attribute, string[] known, string fallback) in new[] { ("gate_activation", new[] { "none", "qwen" }, "none"), ("beta_activation", ["none", "sigmoid"], "none"), ("update_rule", ["linear", "gated", "delta", "gated_delta"], "gated_delta") })
        {
            if (!known.Contains(node.StringAttribute(attribute, fallback)))
            {
                throw new ModelException(node, $"attribute '{attribute}' is '{node.StringAttribute(attribute, fallback)}'; known are {string.Join(", ", known)}");
            }
        }

        Shape query = node.Input(0).Shape, key = node.Input(1).Shape, value = node.Input(2).Shape;
        bool isPacked = node.OptionalInput(3) is not null;
        int rank = query.Rank;
        if (rank is not (3 or 4) || (isPacked && rank != 3) || !key.Equals(query) || value.Rank != rank || Enumerable.Range(0, rank - 2).Any(axis => (value[axis] - query[axis]).Value is not (null or 0))
            || query[rank - 2].Value is not { } heads || value[rank - 2].Value is not { } valueHeads || query[rank - 1].Value is not { } size || value[rank - 1].Value is not { } valueSize || heads < 1 || valueHeads % heads != 0)
        {
            throw new ModelException(node, $"queries {query}, keys {key} and values {value}{(isPacked ? ", packed" : "")}; needed are [tokens, heads, size] or, where they are not packed, [batch, sequence, heads, size], with a multiple of the heads for values");
        }

        Dimension rows = rank == 4 ? query[0] : isPacked ? node.Input(3).Shape[0] - 1 : node.OptionalInput(6)?.Shape is { Rank: 4 } given ? given[0]
            : throw new ModelException(node, "without cu_seqlens the batch is that of initial_state, which is missing");
        bool usesGate = UsesGate(node), usesRate = UsesRate(node);
        if ((usesGate && node.OptionalInput(4) is null) || (usesRate && node.OptionalInput(5) is null))
        {
            throw new ModelException(node, $"update_rule '{node.StringAttribute("update_rule", "gated_delta")}' needs {(usesGate ? "decay" : "")}{(usesGate && usesRate ? " and " : "")}{(usesRate ? "beta" : "")}");
        }

        if (isPacked && node.Input(3) is not { ElementType: ElementType.Int32, Shape.Rank: 1 })
        {
            throw new ModelException(node, $"cumulative lengths {node.Input(3).Type} must be int32 with one axis");
        }

        Dimension[] tokens = [.. query.Take(rank - 2)];
        if (usesGate)
        {
            RequireShape(node, 4, ElementType.Float32, node.Input(4).Shape.Rank == rank ? [.. tokens, valueHeads, size] : [.. tokens, valueHeads]);
        }

        if (usesRate)
        {
            RequireShape(node, 5, ElementType.Float32, [.. tokens, valueHeads]);
        }

        var state = new Shape([rows, valueHeads, valueSize, size]);
        if (node.OptionalInput(6) is not null)
        {
            RequireShape(node, 6, ElementType.Float32, [.. state]);
        }

        if (IsQwen(node))
        {
            RequireShape(node, 7, ElementType.Float32, valueHeads);
            RequireShape(node, 8, ElementType.Float32, valueHeads);
        }

        return [new TensorType(node.Input(0).ElementType, new Shape([.. tokens, valueHeads, valueSize])), new TensorType(ElementType.Float32, state)];
    }

    private static bool UsesGate(Node node) => node.StringAttribute("update_rule", "gated_delta") is "gated" or "gated_delta";

    private static bool UsesRate(Node node) => node.StringAttribute("update_rule", "gated_delta") is "delta" or "gated_delta";

    private static bool IsQwen(Node node) => UsesGate(node) && node.StringAttribute("gate_activation", "none") == "qwen";

    private static Value?[] WriteDelta(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Shape query = node.Input(0).Shape;
        long heads = query[query.Rank - 2].Constant, valueHeads = node.Output.Shape[query.Rank - 2].Constant;
        PackedRows? rows = node.OptionalInput(3) is { } cumulative ? new PackedRows(cumulative, query[0], context) : null;
        var padding = rows is null ? null : new RowPadding(rows, context);
        Dimension batch = query.Rank == 4 ? query[0] : rows?.Rows ?? node.Input(6).Shape[0];

        // [batch, sequence, all else].
        Value ByRow(Value x)
        {
            long width = x.Shape.Skip(query.Rank - 2).Aggregate(1L, (product, axis) => product * axis.Constant);
            return padding is not null ? padding.Pad(context.Add("Reshape", x, context.Sizes(query[0], width)))
                : query.Rank == 4 ? context.Add("Reshape", x, context.Sizes(query[0], query[1], width))
                : batch.Value is { } known ? context.Add("Reshape", x, context.Integers(known, -1, width))
                : context.Add("Reshape", x, context.Sizes(batch, Dimension.FloorDivide(query[0], batch), width));
        }

        Value Unit(Value x)
        {
            Value wide = formula.Widen(x);
            return node.IntegerAttribute("qk_l2_norm", 0) == 0 ? wide
                : formula.Divide(wide, formula.Apply("Sqrt", formula.Add(formula.Sum(formula.Multiply(wide, wide), [x.Shape.Rank - 1]), formula.Number(LeastSquare, wide))));
        }

        Value? rate = UsesRate(node) ? node.Input(5) : null;
        rate = rate is not null && node.StringAttribute("beta_activation", "none") == "sigmoid" ? formula.Apply("Sigmoid", rate) : rate;
        Value? past = node.OptionalInput(6) is { } initial ? formula.Transpose(initial, 0, 1, 3, 2) : null;
        float scale = node.FloatAttribute("scale", 0);
        context.AddWithOutputs(
            $"{PointwiseFunction.MicrosoftDomain}.LinearAttention",
            [("q_num_heads", heads), ("kv_num_heads", valueHeads), ("update_rule", node.StringAttribute("update_rule", "gated_delta")), ("scale", scale)],
            [ByRow(Unit(node.Input(0))), ByRow(Unit(node.Input(1))), ByRow(formula.Widen(node.Input(2))), past, UsesGate(node) ? ByRow(Decay(node, query.Rank, formula, context)) : null, rate is null ? null : ByRow(rate)],
            2,
            out Node attention);
        Value flat = padding is null ? attention.Output : padding.Take(attention.Output);
        Value result = formula.Cast(context.Add("Reshape", flat, context.Sizes([.. node.Output.Shape])), node.Output.ElementType);
        return [result, formula.Transpose(attention.Outputs[1]!, 0, 1, 3, 2)];
    }

    private static Value Decay(Node node, int rank, Formula formula, ExpansionContext context)
    {
        Value decay = node.Input(4);
        if (!IsQwen(node))
        {
            return decay;
        }

        // A number a head, also where the decay has one for each element of a key.
        Value OfHeads(Value value) => decay.Shape.Rank == rank ? context.Add("Unsqueeze", value, context.Integers(1)) : value;
        Value rate = formula.Apply("Neg", formula.Apply("Exp", OfHeads(node.Input(7))));
        return formula.Multiply(rate, formula.Apply("Softplus", formula.Add(decay, OfHeads(node.Input(8)))));
    }

    /// <summary>Rows padded behind their end by zeros, which change no state: without keys, values, decay and rate nothing is added and nothing forgotten.</summary>
    private sealed class RowPadding
    {
        private readonly PackedRows _rows;
        private readonly ExpansionContext _context;
        private readonly Formula _formula;
        private readonly Value _longest;
        private readonly Value _source;
        private readonly Value _exists;

        public RowPadding(PackedRows rows, ExpansionContext context)
        {
            (_rows, _context, _formula) = (rows, context, new Formula(context));
            _longest = rows.Longest();
            Value steps = context.Add("Range", context.Literal(0, ElementType.Int64), _longest, context.Literal(1, ElementType.Int64));
            Value place = _formula.Add(rows.Column(rows.Starts), steps);
            _exists = context.Add("Unsqueeze", context.Add("Less", place, rows.Column(rows.Ends)), context.Integers(2));
            _source = context.Add("Min", place, context.Size(rows.Tokens - 1));
        }

        public Value Pad(Value tokens)
        {
            Value padded = _context.Add("Gather", tokens, _source);
            return _formula.Where(_exists, padded, _formula.Number(0, padded));
        }

        public Value Take(Value padded)
        {
            Value flat = _context.Add("Reshape", padded, _context.Integers(-1, padded.Shape[2].Constant));
            return _context.Add("Gather", flat, _formula.Add(_formula.Multiply(_rows.Row, _longest), _rows.Local));
        }
    }
}
