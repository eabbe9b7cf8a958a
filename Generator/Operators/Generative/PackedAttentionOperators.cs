using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// PackedAttention, PackedMultiHeadAttention and RestorePadding of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.PackedAttention. Tokens without
/// padding lie one after the other; <c>token_offset</c> has the places of all in the batch with padding, tokens first. They are put there, attend to the tokens of their sequence, and are taken
/// out again.
/// </summary>
internal static class PackedAttentionOperators
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new ComposedOperator("PackedAttention", InferAttention, WriteAttention),
        new ComposedOperator("PackedMultiHeadAttention", InferHeads, WriteHeads),
        new ComposedOperator("RestorePadding", InferRestored, (node, context) => [Restore(node.Input(0), node.Input(1), context)]),
    ];

    private static TensorType[] InferAttention(Node node)
    {
        long[] sizes = HiddenSizes(node);
        CheckOffsets(node, 3, 4);
        return [new TensorType(node.Input(0).ElementType, new Shape([node.Input(0).Shape[0], sizes[2]]))];
    }

    private static Value[] WriteAttention(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value projected = context.Add("MatMul", formula.Widen(node.Input(0)), formula.Widen(node.Input(1)));
        projected = formula.Add(projected, formula.Widen(node.Input(2)));
        long[] sizes = HiddenSizes(node);
        context.AddWithOutputs("Split", [("axis", 1L)], [projected, context.Integers(sizes)], 3, out Node split);
        return [Attend(node, [.. split.Outputs.Select(output => output!)], 3, 5, context)];
    }

    /// <summary>Elements of queries, keys and values of a token.</summary>
    private static long[] HiddenSizes(Node node)
    {
        long heads = Heads(node);
        if (node.Input(0).Shape.Rank != 2 || node.Input(1).Shape.Rank != 2 || node.Input(1).Shape[1].Value is not { } all)
        {
            throw new ModelException(node, $"tokens {node.Input(0).Shape} and weights {node.Input(1).Shape} must have two axes, the last of known size");
        }

        long[] sizes = node.IntegersAttribute("qkv_hidden_sizes") ?? [all / 3, all / 3, all / 3];
        return sizes.Length == 3 && sizes.Sum() == all && sizes[0] == sizes[1] && sizes.All(size => size > 0 && size % heads == 0)
            ? sizes
            : throw new ModelException(node, $"queries, keys and values of {string.Join(", ", sizes)} elements do not fit weights {node.Input(1).Shape} and {heads} heads");
    }

    private static long Heads(Node node) => node.IntegerAttribute("num_heads", 0) is var heads && heads > 0 ? heads : throw new ModelException(node, "attribute 'num_heads' must be positive");

    private static TensorType[] InferHeads(Node node)
    {
        Shape query = node.Input(0).Shape;
        CheckOffsets(node, 4, 5);
        if (query.Rank == 4)
        {
            return query[1].Value == Heads(node) && query[2].Value == 3 && node.OptionalInput(1) is null && node.OptionalInput(2) is null
                ? [new TensorType(node.Input(0).ElementType, new Shape([query[0], query[1] * query[3]]))]
                : throw new ModelException(node, $"packed queries, keys and values {query} must be [tokens, heads, 3, size] and alone");
        }

        return query.Rank == 2 && node.Input(1).Shape.Equals(query) && node.Input(2).Shape is { Rank: 2 } value && query[1].Value % Heads(node) == 0 && value[1].Value % Heads(node) == 0
            ? [new TensorType(node.Input(0).ElementType, new Shape([query[0], value[1]]))]
            : throw new ModelException(node, $"queries {query}, keys {node.Input(1).Shape} and values {node.Input(2).Shape} must be [tokens, heads · size] of {Heads(node)} heads");
    }

    private static Value[] WriteHeads(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Shape query = node.Input(0).Shape;
        Value[] operands = query.Rank == 2
            ? [node.Input(0), node.Input(1), node.Input(2)]
            : [.. Enumerable.Range(0, 3).Select(part => context.Reshape(context.Add("Gather", [("axis", 2L)], node.Input(0), context.Size(part)), query[0], query[1] * query[3]))];
        operands = [.. operands.Select(formula.Widen)];
        if (node.OptionalInput(3) is { } bias)
        {
            context.AddWithOutputs("Split", [("axis", 0L)], [formula.Widen(bias), context.Sizes([.. operands.Select(operand => operand.Shape[1])])], 3, out Node split);
            operands = [.. operands.Select((operand, part) => formula.Add(operand, split.Outputs[part]!))];
        }

        return [Attend(node, operands, 4, 6, context)];
    }

    /// <summary>Attention between the tokens of each sequence.</summary>
    private static Value Attend(Node node, Value[] operands, int offsetsInput, int biasInput, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value offsets = node.Input(offsetsInput), ends = node.Input(offsetsInput + 1);
        Dimension rows = offsets.Shape[0];
        Value lengths = formula.Subtract(
            context.Add("Slice", ends, context.Integers(1), context.Sizes(rows + 1), context.Integers(0)), context.Add("Slice", ends, context.Integers(0), context.Sizes(rows), context.Integers(0)));
        Value[] padded = [.. operands.Select(operand => Restore(operand, offsets, context))];
        float scale = node.FloatAttribute("scale", 0);
        var builder = new AttentionBuilder(padded[0], padded[1], padded[2])
        {
            QueryHeads = Heads(node),
            KeyHeads = Heads(node),
            KeyLengths = lengths,
            Mask = node.OptionalInput(biasInput) is { } bias ? formula.Widen(bias) : null,
            Scale = scale != 0 ? scale : null,
        };
        Value result = builder.Add(context).Output;
        Value flat = context.Reshape(result, result.Shape[0] * result.Shape[1], result.Shape[2]);
        return formula.Cast(context.Add("Gather", flat, Places(offsets, operands[0].Shape[0], context)), node.Output.ElementType);
    }

    /// <summary>The places of the tokens in the batch with padding.</summary>
    private static Value Places(Value offsets, Dimension tokens, ExpansionContext context)
    {
        Value flat = context.Add("Reshape", offsets, context.Integers(-1));
        return context.Add("Slice", flat, context.Integers(0), context.Sizes(tokens), context.Integers(0));
    }

    /// <summary>Tokens [tokens, size] at their places in [rows, positions, size], zeros between.</summary>
    public static Value Restore(Value tokens, Value offsets, ExpansionContext context)
    {
        var formula = new Formula(context);
        (Dimension rows, Dimension positions, Dimension size) = (offsets.Shape[0], offsets.Shape[1], tokens.Shape[1]);
        Value zeros = context.Add("Expand", formula.Number(0, tokens), context.Sizes(rows * positions, size));
        Value places = context.Add("Unsqueeze", formula.Cast(Places(offsets, tokens.Shape[0], context), ElementType.Int64), context.Integers(1));
        return context.Reshape(context.Add("ScatterND", zeros, places, tokens), rows, positions, size);
    }

    private static TensorType[] InferRestored(Node node)
    {
        CheckOffsets(node, 1, -1);
        Shape tokens = node.Input(0).Shape, offsets = node.Input(1).Shape;
        return tokens.Rank == 2
            ? [new TensorType(node.Input(0).ElementType, new Shape([offsets[0], offsets[1], tokens[1]]))]
            : throw new ModelException(node, $"tokens of shape {tokens} must have two axes");
    }

    private static void CheckOffsets(Node node, int offsets, int ends)
    {
        ElementTypeSet.Floating.Require(node, 0);
        if (node.Input(0).ElementType == ElementType.Float64 || node.Input(offsets).Shape.Rank != 2 || node.Input(offsets).ElementType != ElementType.Int32
            || (ends >= 0 && (node.Input(ends).Shape is not { Rank: 1 } lengths || node.Input(ends).ElementType != ElementType.Int32 || (lengths[0] - node.Input(offsets).Shape[0] - 1).Value is not (null or 0))))
        {
            throw new ModelException(node, $"tokens {node.Input(0).Type}, offsets {node.Input(offsets).Type}{(ends < 0 ? "" : $" and cumulative lengths {node.Input(ends).Type}")}; needed are float32 or 16-bit numbers, int32 [rows, positions], and int32 [rows + 1]");
        }
    }
}
