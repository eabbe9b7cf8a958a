using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// MultiHeadAttention of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. Inputs query, key, value [batch, sequence, hidden],
/// bias, key padding mask, attention bias, past key, past value; outputs result, present key, present value. Becomes ONNX's Attention, with the
/// biases added to its operands. Packed operands, keys with four axes, padding masks and shared buffers are refused.
/// </summary>
internal sealed class MultiHeadAttentionOperator : Operator
{
    private const int Bias = 3;
    private const int PaddingMask = 4;
    private const int AttentionBias = 5;
    private const int PastKey = 6;
    private const int PastValue = 7;

    public static readonly IReadOnlyList<Operator> All = [new MultiHeadAttentionOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "MultiHeadAttention";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        if (node.OptionalInput(1) is not { } key || node.OptionalInput(2) is not { } value)
        {
            throw ModelException.Unsupported(node, "packed queries, keys and values are not supported");
        }

        Shape query = node.Input(0).Shape;
        if (query.Rank != 3 || key.Shape.Rank != 3 || value.Shape.Rank != 3)
        {
            throw ModelException.Unsupported(node, $"query {query}, key {key.Shape} and value {value.Shape} must have three axes");
        }

        if (node.OptionalInput(PaddingMask) is not null || node.Inputs.Skip(PastValue + 1).Any(input => input is not null))
        {
            throw ModelException.Unsupported(node, "padding masks and cache indirection are not supported");
        }

        ElementTypeSet.Floating.Require(node, 0);
        ElementType type = node.Input(0).ElementType;
        long heads = Heads(node);
        context.SetType(node.Output, new TensorType(type, new Shape([query[0], query[1], value.Shape[2]])));
        Dimension total = (node.OptionalInput(PastKey)?.Shape[2] ?? Dimension.Zero) + key.Shape[1];
        for (int output = 1; output <= 2; output++)
        {
            if (node.OptionalOutput(output) is { } present)
            {
                context.SetType(present, new TensorType(type, new Shape([query[0], heads, total, Dimension.FloorDivide(node.Input(output).Shape[2], heads)])));
            }
        }

        if (node.Outputs.Skip(3).Any(output => output is not null))
        {
            throw ModelException.Unsupported(node, "the output of the scores is not supported");
        }
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value[] operands = [node.Input(0), node.Input(1), node.Input(2)];
        if (node.OptionalInput(Bias) is { } bias)
        {
            long start = 0;
            for (int operand = 0; operand < operands.Length; operand++)
            {
                long size = operands[operand].Shape[2].Value ?? throw ModelException.Unsupported(node, "a bias over operands of symbolic size is not supported");
                Value part = context.Add("Slice", bias, context.Integers(start), context.Integers(start + size), context.Integers(0));
                operands[operand] = formula.Add(operands[operand], part);
                start += size;
            }
        }

        float scale = node.FloatAttribute("scale", 0);
        Node attention = new AttentionBuilder(operands[0], operands[1], operands[2])
        {
            Mask = node.OptionalInput(AttentionBias),
            PastKey = node.OptionalInput(PastKey),
            PastValue = node.OptionalInput(PastValue),
            QueryHeads = Heads(node),
            KeyHeads = Heads(node),
            IsCausal = node.IntegerAttribute("unidirectional", 0) != 0,
            Scale = scale != 0 ? scale : null,
        }.Add(context);
        for (int output = 0; output < node.Outputs.Count; output++)
        {
            context.Replace(node.Outputs[output], attention.Outputs[output]!);
        }

        return true;
    }

    private static long Heads(Node node)
    {
        long heads = node.IntegerAttribute("num_heads", 0);
        return heads > 0 ? heads : throw new ModelException(node, "attribute 'num_heads' is missing");
    }
}
