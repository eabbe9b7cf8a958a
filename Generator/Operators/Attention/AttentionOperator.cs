using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Attention: https://onnx.ai/onnx/operators/onnx__Attention.html. Version 23: query, key, value as [batch, sequence, heads · size] or [batch, heads, sequence, size],
/// optional mask (boolean: attend; float: added) and past keys and values. Version 24 adds <c>nonpad_kv_seqlen</c>, the keys of each row that count, and masks over fewer
/// keys, which exclude those they do not mention. Version 25 adds <c>left_window_size</c> and <c>right_window_size</c>. Masks of other numbers are added as float32. Becomes <see cref="AttentionNode"/>. Computed in float32 (whatever <c>softmax_precision</c> asks for up to that);
/// with operands or a softmax of float64 in that, by <see cref="DoubleAttention"/>.
/// </summary>
internal sealed class AttentionOperator : Operator
{
    private const int PastKey = 4;
    private const int KeyLengths = 6;
    private const string LeftWindow = "left_window_size";
    private const string RightWindow = "right_window_size";

    public static readonly IReadOnlyList<Operator> All = [new AttentionOperator()];

    public override string Type => "Attention";

    public override IReadOnlyList<int> Versions => [23, 24, 25];

    public override void Infer(Node node, InferenceContext context)
    {
        for (int input = 0; input < 3; input++)
        {
            if (node.Input(input).ElementType is not (ElementType.Float32 or ElementType.Float64 or ElementType.Float16 or ElementType.BFloat16))
            {
                throw ModelException.Unsupported(node, $"input {input} has elements of type {node.Input(input).ElementType.OnnxName()}; supported are float, double, float16 and bfloat16");
            }
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

    /// <summary>How many keys a query sees beside its own on one side; -1 for all, as before version 25.</summary>
    private static long WindowSize(Node node, string attribute) => node.Version < 25 ? -1 : node.IntegerAttribute(attribute, -1) is >= -1 and var size
        ? size
        : throw new ModelException(node, $"attribute '{attribute}' is {node.IntegerAttribute(attribute, -1)}; it must be -1 or a number of keys");

    private static bool SeesNoFuture(Node node) => node.IntegerAttribute(AttentionNode.IsCausal, 0) != 0 || WindowSize(node, RightWindow) == 0;

    /// <summary>The mask with what windows exclude that causality and a number of keys cannot tell.</summary>
    private static Value? Mask(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value? mask = node.OptionalInput(3);
        if (mask is not null && mask.ElementType is not (ElementType.Boolean or ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16))
        {
            mask = formula.Cast(mask, ElementType.Float32);
        }

        long left = WindowSize(node, LeftWindow), right = WindowSize(node, RightWindow);
        if (SeesNoFuture(node) || (left < 0 && right < 0))
        {
            return mask;
        }

        Value? inside = Inside(node, context, left, right);
        if (mask is null)
        {
            return inside;
        }

        Dimension keys = new AttentionSizes(node).ScoresShape[3];
        if (mask.Shape[mask.Shape.Rank - 1] is var width && width != keys && width.Value != 1)
        {
            // A shorter mask excludes the keys that it does not mention.
            inside = context.Add("Slice", inside, context.Integers(0), context.Sizes((IReadOnlyList<Dimension>)[width]), context.Integers(-1));
        }

        return mask.ElementType == ElementType.Boolean
            ? context.Add("And", mask, inside)
            : formula.Where(inside!, mask, context.Literal(double.NegativeInfinity, mask.ElementType));
    }

    /// <summary>Whether each query sees each key in windows of these sizes, -1 for all; null where all do.</summary>
    private static Value? Inside(Node node, ExpansionContext context, long left, long right)
    {
        if (left < 0 && right < 0)
        {
            return null;
        }

        // Distances of keys from queries' own, [queries, keys], or [batch, 1, queries, keys] where rows have different numbers of keys.
        var formula = new Formula(context);
        var sizes = new AttentionSizes(node);
        Dimension queries = sizes.ScoresShape[2], keys = sizes.ScoresShape[3];
        Value Positions(Dimension count) => context.Add("Range", context.Literal(0, ElementType.Int64), context.Size(count), context.Literal(1, ElementType.Int64));
        Value distances = formula.Subtract(Positions(keys), formula.Reshape(Positions(queries), queries, Dimension.One));
        if (node.OptionalInput(PastKey) is { } past)
        {
            distances = formula.Subtract(distances, context.Size(past.Shape[2]));
        }
        else if (node.OptionalInput(KeyLengths) is { } lengths)
        {
            Value offsets = formula.Subtract(formula.Cast(lengths, ElementType.Int64), context.Size(queries));
            distances = formula.Subtract(distances, formula.Reshape(offsets, lengths.Shape[0], Dimension.One, Dimension.One, Dimension.One));
        }

        Value? inside = left < 0 ? null : context.Add("GreaterOrEqual", distances, context.Literal(-left, ElementType.Int64));
        if (right >= 0)
        {
            Value before = context.Add("LessOrEqual", distances, context.Literal(right, ElementType.Int64));
            inside = inside is null ? before : context.Add("And", inside, before);
        }

        return inside;
    }

    /// <summary>What a query sees in float64, where nothing else tells windows, causality and numbers of keys.</summary>
    private static Value? Inside(Node node, ExpansionContext context)
    {
        Value? inside = Inside(node, context, WindowSize(node, LeftWindow), SeesNoFuture(node) ? 0 : WindowSize(node, RightWindow));
        if (node.OptionalInput(KeyLengths) is not { } lengths)
        {
            return inside;
        }

        var formula = new Formula(context);
        Value positions = context.Add("Range", context.Literal(0, ElementType.Int64), context.Size(new AttentionSizes(node).TotalLength), context.Literal(1, ElementType.Int64));
        Value counts = context.Add("Less", positions, formula.Reshape(formula.Cast(lengths, ElementType.Int64), lengths.Shape[0], Dimension.One, Dimension.One, Dimension.One));
        return inside is null ? counts : context.Add("And", inside, counts);
    }

    public override bool Normalize(Node node, ExpansionContext context)
    {
        if (DoubleAttention.Is(node))
        {
            new DoubleAttention(node, context).Replace(node.OptionalInput(3), Inside(node, context));
            return true;
        }

        bool isCached = node.OptionalInput(4) is not null;
        float scale = node.FloatAttribute(AttentionNode.Scale, 0);
        var builder = new AttentionBuilder(node.Input(0), node.Input(1), node.Input(2))
        {
            Mask = Mask(node, context),
            PastKey = node.OptionalInput(4),
            PastValue = node.OptionalInput(5),
            KeyLengths = node.OptionalInput(KeyLengths),
            AlignsToLengths = !isCached && node.OptionalInput(KeyLengths) is not null,
            QueryHeads = node.IntegerAttribute(AttentionNode.QueryHeads, 0),
            KeyHeads = node.IntegerAttribute(AttentionNode.KeyHeads, 0),
            IsCausal = SeesNoFuture(node),
            Window = SeesNoFuture(node) && WindowSize(node, LeftWindow) is >= 0 and var left ? left + 1 : 0,
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
