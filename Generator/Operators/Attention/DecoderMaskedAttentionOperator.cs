using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// DecoderMaskedMultiHeadAttention of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. One query a row: query, key, value
/// [batch, 1, width], or the last two [batch, heads, keys, size]; mask [batch, keys]; bias of the scores; past key and value, with room for the new ones where
/// <c>past_present_share_buffer</c> is set, and then the length of the past; biases of the operands. Becomes MultiHeadAttention, or <see cref="AttentionNode"/> where the
/// past has a fixed length. Refused: packed operands, beams, the output of the scores.
/// </summary>
internal sealed class DecoderMaskedAttentionOperator : Operator
{
    private const int Mask = 3;
    private const int ScoreBias = 4;
    private const int PastKey = 5;
    private const int PastValue = 6;
    private const int PastLength = 7;
    private const int BeamWidth = 8;
    private const int Indirection = 9;
    private const int Bias = 10;

    public static readonly IReadOnlyList<Operator> All = [new DecoderMaskedAttentionOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "DecoderMaskedMultiHeadAttention";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        Shape query = node.Input(0).Shape;
        long heads = node.IntegerAttribute("num_heads", 0);
        if (node.OptionalInput(1) is null || node.OptionalInput(2) is null || node.OptionalInput(BeamWidth) is not null || node.OptionalInput(Indirection) is not null || node.OptionalOutput(3) is not null)
        {
            throw ModelException.Unsupported(node, "packed operands, beams and the output of the scores");
        }

        if (query.Rank != 3 || query[2].Value is not { } width || heads <= 0 || width % heads != 0 || (query[1].Value is { } length && length != 1))
        {
            throw new ModelException(node, $"a query of shape {query} is not one position of {heads} heads");
        }

        bool sharesBuffer = SharesBuffer(node);
        if (sharesBuffer && (node.OptionalInput(PastKey) is null || node.OptionalInput(PastValue) is null || node.OptionalInput(PastLength) is null || node.Input(1).Shape.Rank != 3))
        {
            throw new ModelException(node, "a past of fixed length needs past_key, past_value and past_sequence_length");
        }

        ElementType type = node.Input(0).ElementType;
        long valueWidth = node.Input(2).Shape is { Rank: 3 } value ? value[2].Value ?? width : width;
        context.SetType(node.Output, new TensorType(type, new Shape([query[0], query[1], valueWidth])));
        for (int output = 1; output < Math.Min(node.Outputs.Count, 3); output++)
        {
            if (node.Outputs[output] is { } present)
            {
                Value current = node.Input(output);
                Dimension past = node.OptionalInput(PastKey)?.Shape[2] ?? Dimension.Zero;
                Dimension keys = sharesBuffer ? past : past + (current.Shape.Rank == 4 ? current.Shape[2] : current.Shape[1]);
                context.SetType(present, new TensorType(type, new Shape([query[0], heads, keys, (output == 1 ? width : valueWidth) / heads])));
            }
        }
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        Node attention = SharesBuffer(node) ? Static(node, context) : Growing(node, context);
        for (int output = 0; output < Math.Min(node.Outputs.Count, 3); output++)
        {
            context.Replace(node.Outputs[output], attention.Outputs[output]!);
        }

        return true;
    }

    private static bool SharesBuffer(Node node) => node.IntegerAttribute("past_present_share_buffer", 0) != 0 && node.OptionalInput(PastKey) is not null;

    private static Node Growing(Node node, ExpansionContext context)
    {
        string[] shared = ["num_heads", "scale", "mask_filter_value"];
        context.AddWithOutputs(
            $"{PointwiseFunction.MicrosoftDomain}.MultiHeadAttention",
            [.. node.Attributes.Values.Where(attribute => shared.Contains(attribute.Name)).Select(attribute => (attribute.Name, attribute.Value))],
            [node.Input(0), node.Input(1), node.Input(2), node.OptionalInput(Bias), node.OptionalInput(Mask), node.OptionalInput(ScoreBias), node.OptionalInput(PastKey), node.OptionalInput(PastValue)],
            node.OptionalOutput(1) is null && node.OptionalOutput(2) is null ? 1 : 3,
            out Node attention);
        return attention;
    }

    private static Node Static(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value[] operands = [node.Input(0), node.Input(1), node.Input(2)];
        if (node.OptionalInput(Bias) is { } bias)
        {
            Value widths = context.Integers([.. operands.Select(operand => operand.Shape[2].Value ?? throw ModelException.Unsupported(node, "operands of symbolic width"))]);
            context.AddWithOutputs("Split", [("axis", 0L)], [bias, widths], 3, out Node parts);
            operands = [.. operands.Select((operand, index) => formula.Add(operand, parts.Outputs[index]!))];
        }

        Value past = formula.Reshape(node.Input(PastLength), Dimension.One);
        Value total = formula.Add(past, formula.Number(1, past));
        Value? added = node.OptionalInput(ScoreBias);
        if (node.OptionalInput(Mask) is { } mask)
        {
            ElementType type = node.Input(0).ElementType;
            Value attends = context.Add("Unsqueeze", formula.Cast(mask, ElementType.Boolean), context.Integers(1, 2));
            Value masked = formula.Where(attends, context.Literal(0, type), context.Literal(node.FloatAttribute("mask_filter_value", -10000), type));
            added = added is null ? masked : formula.Add(added, masked);
        }

        float scale = node.FloatAttribute("scale", 0);
        long heads = node.IntegerAttribute("num_heads", 0);
        return new AttentionBuilder(operands[0], operands[1], operands[2])
        {
            Mask = added,
            MaskExcludes = true,
            PastKey = node.Input(PastKey),
            PastValue = node.Input(PastValue),
            KeyLengths = context.Add("Expand", total, context.Sizes(node.Input(0).Shape[0])),
            TotalLength = total,
            KeepsLength = true,
            QueryHeads = heads,
            KeyHeads = heads,
            Scale = scale != 0 ? scale : null,
        }.Add(context);
    }
}
