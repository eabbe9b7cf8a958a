using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Attention: https://onnx.ai/onnx/operators/onnx__Attention.html. Version 23: query, key, value as [batch, sequence, heads · size] or [batch, heads, sequence, size],
/// optional mask (boolean: attend; float: added) and past keys and values. Version 24 adds <c>nonpad_kv_seqlen</c>, the keys of each row that count, and masks over fewer
/// keys, which exclude those they do not mention. Becomes <see cref="AttentionNode"/>. Computed in float32 (whatever <c>softmax_precision</c> asks for up to that);
/// float64 is refused.
/// </summary>
internal sealed class AttentionOperator : Operator
{
    private const int KeyLengths = 6;

    public static readonly IReadOnlyList<Operator> All = [new AttentionOperator()];

    public override string Type => "Attention";

    public override IReadOnlyList<int> Versions => [23, 24];

    public override void Infer(Node node, InferenceContext context)
    {
        for (int input = 0; input < 3; input++)
        {
            if (node.Input(input).ElementType is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16))
            {
                throw ModelException.Unsupported(node, $"input {input} has elements of type {node.Input(input).ElementType.OnnxName()}; supported are float, float16 and bfloat16");
            }
        }

        if (node.IntegerAttribute("softmax_precision", 0) == (long)ElementType.Float64)
        {
            throw ModelException.Unsupported(node, "a softmax in float64");
        }

        if (node.IntegerAttribute(AttentionNode.ScoresMode, 0) is var mode and (< 0 or > 3))
        {
            throw new ModelException(node, $"attribute 'qk_matmul_output_mode' is {mode}; it must be 0 to 3");
        }

        if (node.OptionalInput(4) is null != node.OptionalInput(5) is null)
        {
            throw new ModelException(node, "past_key and past_value must be given together");
        }

        Value query = node.Input(0);
        Value key = node.Input(1);
        Value value = node.Input(2);
        if (query.Shape.Rank is not (3 or 4) || key.Shape.Rank != query.Shape.Rank || value.Shape.Rank != query.Shape.Rank)
        {
            throw new ModelException(node, $"query {query.Shape}, key {key.Shape} and value {value.Shape} must all have rank 3 or all rank 4");
        }

        var sizes = new AttentionSizes(node);
        SetType(node.Output, query, sizes.OutputShape);
        SetType(node.OptionalOutput(1), key, sizes.PresentKeyShape);
        SetType(node.OptionalOutput(2), value, sizes.PresentValueShape);
        SetType(node.OptionalOutput(3), query, sizes.ScoresShape);

        void SetType(Value? output, Value like, Shape shape)
        {
            if (output is not null)
            {
                context.SetType(output, new TensorType(like.ElementType, shape));
            }
        }
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        bool isCached = node.OptionalInput(4) is not null;
        float scale = node.FloatAttribute(AttentionNode.Scale, 0);
        var builder = new AttentionBuilder(node.Input(0), node.Input(1), node.Input(2))
        {
            Mask = node.OptionalInput(3),
            PastKey = node.OptionalInput(4),
            PastValue = node.OptionalInput(5),
            KeyLengths = node.OptionalInput(KeyLengths),
            AlignsToLengths = !isCached && node.OptionalInput(KeyLengths) is not null,
            QueryHeads = node.IntegerAttribute(AttentionNode.QueryHeads, 0),
            KeyHeads = node.IntegerAttribute(AttentionNode.KeyHeads, 0),
            IsCausal = node.IntegerAttribute(AttentionNode.IsCausal, 0) != 0,
            Scale = node.HasAttribute(AttentionNode.Scale) && scale != 0 ? scale : null,
            SoftCap = node.FloatAttribute(AttentionNode.SoftCap, 0),
            MaskExcludes = node.Version >= 24,
            ScoresMode = node.IntegerAttribute(AttentionNode.ScoresMode, 0),
        };
        Node attention = builder.Add(context);
        for (int output = 0; output < node.Outputs.Count; output++)
        {
            context.Replace(node.Outputs[output], attention.Outputs[output]!);
        }

        return true;
    }
}
