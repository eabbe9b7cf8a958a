using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// NGramHashMapping and VarlenNGramHashMapping of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. For each token and each length of n-grams that end at it, the
/// exclusive or of tokens times multipliers, modulo sizes of vocabularies, plus offsets. What stands before a sequence is its past, or a padding token; an end token and a change of segment hide what
/// stands before them. Tokens [batch, sequence], or those of all rows one after the other. int32 and int64, which wrap.
/// </summary>
internal static class NGramHashOperators
{
    public static readonly IReadOnlyList<Operator> All = [new ComposedOperator("NGramHashMapping", node => Infer(node, 0), Write), new ComposedOperator("VarlenNGramHashMapping", node => Infer(node, 1), WritePacked)];

    /// <summary>Inputs from past_ids on; the packed operator has cumulative lengths before them.</summary>
    private static (int Past, int Offsets, int End, int Segments) Inputs(int shift) => (3 + shift, 4 + shift, 5 + shift, 6 + shift);

    private static long History(Node node) => node.IntegerAttribute("max_ngram_size", 0) - 1;

    private static long HeadsOfLength(Node node) => node.IntegerAttribute("n_head_per_ngram", 0);

    private static TensorType?[] Infer(Node node, int shift)
    {
        (int past, int offsets, int end, int segments) = Inputs(shift);
        Value ids = node.Input(0);
        long history = History(node), heads = HeadsOfLength(node);
        bool fits32 = node.IntegerAttribute("pad_id", 0) is >= int.MinValue and <= int.MaxValue;
        if (ids.ElementType is not (ElementType.Int32 or ElementType.Int64) || ids.Shape.Rank != 2 - shift || history < 1 || heads < 1 || !node.HasAttribute("pad_id") || (ids.ElementType == ElementType.Int32 && !fits32))
        {
            throw new ModelException(node, $"tokens {ids.Type} with max_ngram_size {history + 1}, n_head_per_ngram {heads} and pad_id {node.IntegerAttribute("pad_id", 0)}; needed are int32 or int64, n-grams of 2 tokens or more, a head, and a padding token of that type");
        }

        foreach (int input in new[] { 1, 2, past, offsets, end }.Where(input => input < 3 || node.OptionalInput(input) is not null))
        {
            ElementTypeSet.RequireEqual(node, 0, input);
        }

        Shape multipliers = node.Input(1).Shape;
        if (multipliers.Rank != 1 || multipliers[0].Value < history + 1 || (node.OptionalInput(end) is { } token && token.Shape.ElementCount.Value != 1))
        {
            throw new ModelException(node, $"multipliers {multipliers} must be {history + 1} or more, and the end token one number");
        }

        if (node.Input(2).Elements is { } known && known.Any(size => size.Value <= 0))
        {
            throw new ModelException(node, "sizes of vocabularies must be positive");
        }

        RequireShape(node, 2, history * heads);
        Dimension rows = ids.Shape[0];
        if (shift == 1)
        {
            if (node.Input(3) is not { ElementType: ElementType.Int32, Shape.Rank: 1 } cumulative)
            {
                throw new ModelException(node, $"cumulative lengths {node.Input(3).Type} must be int32 with one axis");
            }

            rows = cumulative.Shape[0] - 1;
        }

        foreach ((int input, Dimension[] shape) in new[] { (past, new Dimension[] { rows, history }), (offsets, [history * heads]), (segments, [.. ids.Shape]), (8, [rows, history]) })
        {
            if ((input < 8 || shift == 1) && node.OptionalInput(input) is { } value)
            {
                RequireShape(node, input, shape);
                if (input >= segments && value.ElementType != ElementType.Int32)
                {
                    throw new ModelException(node, $"segments {value.Type} must be int32");
                }
            }
        }

        if (node.OptionalOutput(2) is not null && node.OptionalInput(segments) is null)
        {
            throw new ModelException(node, "the output of segments needs the input segment_ids");
        }

        return
        [
            new TensorType(ids.ElementType, new Shape([.. ids.Shape, history * heads])),
            new TensorType(ids.ElementType, new Shape([rows, history])),
            shift == 1 ? new TensorType(ElementType.Int32, new Shape([rows, history])) : null,
        ];
    }

    private static void RequireShape(Node node, int input, params Dimension[] expected)
    {
        Shape actual = node.Input(input).Shape;
        if (actual.Rank != expected.Length || Enumerable.Range(0, expected.Length).Any(axis => (actual[axis] - expected[axis]).Value is not (null or 0)))
        {
            throw new ModelException(node, $"input {input} has the shape {actual} and must have {new Shape(expected)}");
        }
    }

    /// <summary>What stands where there is no token.</summary>
    private static Value Fill(Node node, int shift, ExpansionContext context) => node.OptionalInput(Inputs(shift).End) is { } end
        ? new Formula(context).Reshape(end)
        : context.Literal(node.IntegerAttribute("pad_id", 0), node.Input(0).ElementType);

    private static Value?[] Write(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        long history = History(node);
        (Dimension rows, Dimension length) = (node.Input(0).Shape[0], node.Input(0).Shape[1]);
        Value before = node.OptionalInput(3) ?? context.Add("Expand", Fill(node, 0, context), context.Sizes(rows, history));
        Value all = context.Add("Concat", [("axis", 1L)], before, node.Input(0));
        Value Shifted(Value padded, long distance) => context.Add("Slice", padded, context.Sizes([history - distance]), context.Sizes([length + (history - distance)]), context.Integers(1));
        Value[] tokens = [.. Enumerable.Range(0, (int)history + 1).Select(distance => Shifted(all, distance))];
        Value?[] changes = new Value?[history + 1];
        if (node.OptionalInput(6) is { } segments)
        {
            // Of segments before the input nothing is known.
            Value first = context.Add("Slice", segments, context.Integers(0), context.Integers(1), context.Integers(1));
            Value earlier = context.Add("Expand", first, context.Sizes(rows, history));
            Value padded = context.Add("Concat", [("axis", 1L)], earlier, segments);
            for (int distance = 1; distance <= history; distance++)
            {
                changes[distance] = context.Add("Not", context.Add("Equal", Shifted(padded, distance - 1), Shifted(padded, distance)));
            }
        }

        Value last = context.Add("Slice", all, context.Sizes(length), context.Sizes(length + history), context.Integers(1));
        return [Hashes(node, 0, tokens, changes, context), last];
    }

    private static Value?[] WritePacked(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        long history = History(node);
        var rows = new PackedRows(node.Input(3), node.Input(0).Shape[0], context);
        Value All(Value? past, Value current, Value fill) => context.Add("Concat", [("axis", 0L)], past is null
            ? context.Add("Expand", fill, context.Sizes([rows.Rows * history]))
            : context.Add("Reshape", past, context.Integers(-1)), current);
        Value all = All(node.OptionalInput(4), node.Input(0), Fill(node, 1, context));
        Value[] places = [.. Enumerable.Range(0, (int)history + 1).Select(distance => rows.Before(distance, history))];
        Value[] tokens = [.. places.Select(place => context.Add("Gather", all, place))];
        Value?[] changes = new Value?[history + 1];
        Value? segments = null;
        if (node.OptionalInput(7) is { } given)
        {
            segments = All(node.OptionalInput(8), given, context.Literal(0, ElementType.Int32));
            for (int distance = 1; distance <= history; distance++)
            {
                Value changed = context.Add("Not", context.Add("Equal", context.Add("Gather", segments, places[distance - 1]), context.Add("Gather", segments, places[distance])));
                changes[distance] = node.OptionalInput(8) is not null
                    ? changed
                    : context.Add("And", changed, context.Add("GreaterOrEqual", rows.Local, formula.Number(distance, rows.Local)));
            }
        }

        Value last = rows.Last(history);
        return [Hashes(node, 1, tokens, changes, context), context.Add("Gather", all, last), segments is null ? null : context.Add("Gather", segments, last)];
    }

    /// <summary>The hashes of tokens at distances 0 … history, where <paramref name="changes"/> says that a segment ends between a distance and the one before it.</summary>
    private static Value Hashes(Node node, int shift, Value[] tokens, Value?[] changes, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value fill = Fill(node, shift, context);
        bool resets = node.IntegerAttribute("reset_on_eos", 0) != 0 && node.OptionalInput(Inputs(shift).End) is not null;
        Value? hidden = null, mix = null;
        Value Either(Value? left, Value right) => left is null ? right : context.Add("Or", left, right);
        var parts = new List<Value>();
        long heads = HeadsOfLength(node);
        for (int distance = 0; distance < tokens.Length; distance++)
        {
            hidden = distance > 0 && changes[distance] is { } changed ? Either(hidden, changed) : hidden;
            hidden = distance > 0 && resets ? Either(hidden, context.Add("Equal", tokens[distance], fill)) : hidden;
            Value token = hidden is null ? tokens[distance] : formula.Where(hidden, fill, tokens[distance]);
            Value factor = context.Add("Gather", node.Input(1), context.Literal(distance, ElementType.Int64));
            Value product = formula.Multiply(token, factor);
            mix = mix is null ? product : context.Add("BitwiseXor", mix, product);
            if (distance > 0)
            {
                Value sizes = context.Add("Slice", node.Input(2), context.Integers((distance - 1) * heads), context.Integers(distance * heads), context.Integers(0));
                parts.Add(context.Add("Mod", context.Add("Unsqueeze", mix, context.Integers(-1)), sizes));
            }
        }

        Value hashes = parts.Count == 1 ? parts[0] : context.Add("Concat", [("axis", -1L)], [.. parts]);
        return node.OptionalInput(Inputs(shift).Offsets) is { } offsets ? formula.Add(hashes, offsets) : hashes;
    }
}
