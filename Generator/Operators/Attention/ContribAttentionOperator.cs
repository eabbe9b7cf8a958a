using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Attention of com.microsoft: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. Input [batch, sequence, width], weights and bias of query, key and
/// value side by side, mask (<see cref="ContribAttentionMask"/>), past [2, batch, heads, past, size], bias of the scores; outputs the result and the present. Becomes MatMul,
/// Add, views and <see cref="AttentionNode"/>. Refused: rotary embedding, a past of fixed length (<c>past_present_share_buffer</c>).
/// </summary>
internal sealed class ContribAttentionOperator : Operator
{
    private const int Weights = 1;
    private const int Bias = 2;
    private const int Mask = 3;
    private const int Past = 4;
    private const int ScoreBias = 5;
    private const int PastLength = 6;

    public static readonly IReadOnlyList<Operator> All = [new ContribAttentionOperator()];

    public override string Domain => PointwiseFunction.MicrosoftDomain;

    public override string Type => "Attention";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementType type = node.Input(0).ElementType;
        if (type is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16))
        {
            throw ModelException.Unsupported(node, $"elements of type {type.OnnxName()}");
        }

        if (node.IntegerAttribute("do_rotary", 0) != 0)
        {
            throw ModelException.Unsupported(node, "rotary embedding without tables");
        }

        if (node.IntegerAttribute("past_present_share_buffer", 0) != 0 || node.OptionalInput(PastLength) is not null)
        {
            throw ModelException.Unsupported(node, "a past that shares its buffer with the present");
        }

        Shape input = node.Input(0).Shape;
        if (input.Rank != 3 || node.Input(Weights).Shape.Rank != 2)
        {
            throw new ModelException(node, $"an input of shape {input} and weights of shape {node.Input(Weights).Shape} must have rank 3 and 2");
        }

        if (node.OptionalInput(Past) is not null && node.OptionalOutput(1) is null)
        {
            throw new ModelException(node, "a past needs the output of the present");
        }

        long heads = Heads(node);
        long[] widths = Widths(node);
        context.SetType(node.Output, new TensorType(type, new Shape([input[0], input[1], widths[2]])));
        if (node.OptionalOutput(1) is { } present)
        {
            if (widths[0] != widths[2])
            {
                throw new ModelException(node, "keys and values of different size have no common present");
            }

            context.SetType(present, new TensorType(type, new Shape([2, input[0], heads, PastSize(node) + input[1], widths[0] / heads])));
        }
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value input = node.Input(0);
        Value projected = context.Add("MatMul", input, node.Input(Weights));
        projected = node.OptionalInput(Bias) is { } bias ? formula.Add(projected, bias) : projected;
        context.AddWithOutputs("Split", [("axis", 2L)], [projected, context.Integers(Widths(node))], 3, out Node parts);
        (Value? pastKey, Value? pastValue) = Halves(node.OptionalInput(Past), context);
        long heads = Heads(node);
        Dimension past = PastSize(node);
        var mask = new ContribAttentionMask(node, context)
        {
            Batch = input.Shape[0],
            Queries = input.Shape[1],
            Keys = past + input.Shape[1],
            Past = past,
            MayPlan = !context.Graph.IsBody && node.OptionalInput(Past) is { } state && context.Graph.Inputs.Contains(state) && node.OptionalOutput(1) is { } kept && context.Graph.IsOutput(kept),
        };
        float scale = node.FloatAttribute("scale", 0);
        Node attention = new AttentionBuilder(parts.Outputs[0]!, parts.Outputs[1]!, parts.Outputs[2]!)
        {
            Mask = mask.Build(node.OptionalInput(Mask), node.OptionalInput(ScoreBias)),
            PastKey = pastKey,
            PastValue = pastValue,
            QueryHeads = heads,
            KeyHeads = heads,
            IsCausal = node.IntegerAttribute("unidirectional", 0) != 0,
            Scale = scale != 0 ? scale : null,
            FullyMasked = "uniform",
        }.Add(context);
        context.Replace(node.Output, attention.Output);
        if (node.OptionalOutput(1) is { } present)
        {
            Value joined = context.Add(
                "Concat",
                [("axis", 0L)],
                context.Add("Unsqueeze", attention.Outputs[AttentionNode.PresentKey]!, context.Integers(0)),
                context.Add("Unsqueeze", attention.Outputs[AttentionNode.PresentValue]!, context.Integers(0)));
            context.Replace(present, joined);
        }

        return true;
    }

    private static (Value? Key, Value? Value) Halves(Value? past, ExpansionContext context)
    {
        if (past is null)
        {
            return (null, null);
        }

        var formula = new Formula(context);
        context.AddWithOutputs("Split", [("axis", 0L)], [past, context.Integers(1, 1)], 2, out Node halves);
        return (formula.Squeeze(halves.Outputs[0]!, [0]), formula.Squeeze(halves.Outputs[1]!, [0]));
    }

    private static Dimension PastSize(Node node) => node.OptionalInput(Past) is not { } past ? Dimension.Zero
        : past.Shape.Rank == 5 && past.Shape[0].Value == 2 ? past.Shape[3]
        : throw new ModelException(node, $"a past of shape {past.Shape} must be [2, batch, heads, past, size]");

    private static long Heads(Node node)
    {
        long heads = node.IntegerAttribute("num_heads", 0);
        return heads > 0 ? heads : throw new ModelException(node, "attribute 'num_heads' is missing");
    }

    /// <summary>Widths of query, key and value.</summary>
    private static long[] Widths(Node node)
    {
        long heads = Heads(node);
        long all = node.Input(Weights).Shape[1].Value ?? throw ModelException.Unsupported(node, "weights of symbolic width");
        long[] widths = node.IntegersAttribute("qkv_hidden_sizes") is { Length: > 0 } given ? given : [all / 3, all / 3, all / 3];
        return widths.Length == 3 && widths.Sum() == all && widths.All(width => width > 0 && width % heads == 0) && widths[0] == widths[1]
            ? widths
            : throw new ModelException(node, $"weights of width {all} do not fit {heads} heads of queries, keys and values ({string.Join(", ", widths)})");
    }
}
