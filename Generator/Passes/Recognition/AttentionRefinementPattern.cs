using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;
using Cameo.Generator.Passes.Recognition.Masks;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// What exporters still spell around an attention operator: heads that are repeated, a past that is joined, masks that say what attributes say.
/// <para>Before: <c>k = Reshape(Expand(Unsqueeze(Concat(past, new)))); y = cameo.Attention(q, k, v, Where(causal, 0, -∞))</c>.
/// After: <c>y, present = cameo.Attention(q, new, …, past, …) is_causal = 1</c>.</para>
/// </summary>
internal sealed class AttentionRefinementPattern : Pattern
{
    public override string Name => PatternNames.Attention;

    public override bool IsAnchor(Node node) => AttentionNode.Is(node);

    public override void Rewrite(Node node, RecognitionContext context)
    {
        // Lengths of rows move positions; what a mask says of them is another matter.
        if (node.OptionalInput(AttentionNode.KeyLengths) is not null || node.OptionalInput(AttentionNode.TotalLength) is not null)
        {
            return;
        }

        var sizes = new AttentionSizes(node);
        bool hasPast = node.OptionalInput(AttentionNode.PastKey) is not null;
        AttentionOperand? query = Trace(node, AttentionNode.Query, sizes.QueryHeads);
        AttentionOperand? key = hasPast ? null : Trace(node, AttentionNode.Key, sizes.KeyHeads);
        AttentionOperand? value = hasPast ? null : Trace(node, AttentionNode.Value, sizes.KeyHeads);
        AttentionCache? cache = query is null || key is null || value is null || !AttentionNode.CanAppend(node) ? null : AttentionCache.Find(query, key, value, node, context);
        bool isRefined = cache is not null || (key is not null && value is not null && key.Place.IsRepeated && value.Place.IsRepeated);
        isRefined &= key is null || value is null || key.Shape[1] == value.Shape[1];
        AttentionMask? mask = Mask(node, sizes, (hasPast ? node.Input(AttentionNode.PastKey) : cache?.PastKey)?.Shape[2] ?? Dimension.Zero, hasPast || cache is not null, context);
        if (isRefined || mask is not null)
        {
            Rewrite(node, isRefined ? (key!, value!) : null, isRefined ? cache : null, mask, context);
        }
    }

    private static void Rewrite(Node node, (AttentionOperand Key, AttentionOperand Value)? operands, AttentionCache? cache, AttentionMask? mask, RecognitionContext context)
    {
        IEnumerable<Node> matched = operands is { } both ? both.Key.Place.Nodes.Concat(both.Value.Place.Nodes).Concat(cache?.Nodes ?? []) : [];
        ExpansionContext before = context.Before(node, matched);
        Value?[] inputs = [.. node.Inputs];
        var attributes = node.Attributes.Values.ToDictionary(attribute => attribute.Name, attribute => attribute.Value);
        if (operands is { } traced)
        {
            inputs[AttentionNode.Key] = cache?.NewKey ?? traced.Key.Arrangement.Apply(traced.Key.Place.Value, before);
            inputs[AttentionNode.Value] = cache?.NewValue ?? traced.Value.Arrangement.Apply(traced.Value.Place.Value, before);
            inputs[AttentionNode.PastKey] = cache?.PastKey;
            inputs[AttentionNode.PastValue] = cache?.PastValue;
            attributes.Remove(AttentionNode.KeyHeads);
        }

        if (mask is not null)
        {
            inputs[AttentionNode.Mask] = mask.Emit(before, node.Input(AttentionNode.Query).ElementType, context.MaskConditions);
            attributes[AttentionNode.IsCausal] = mask.IsCausal ? 1L : node.IntegerAttribute(AttentionNode.IsCausal, 0);
            long window = node.IntegerAttribute(AttentionNode.Window, 0);
            attributes[AttentionNode.Window] = mask.Window == 0 ? window : window == 0 ? mask.Window : Math.Min(window, mask.Window);
            if (mask.FullyMasked == "uniform")
            {
                attributes[AttentionNode.FullyMasked] = "uniform";
            }
        }

        before.AddWithOutputs(
            $"{AttentionNode.Domain}.{AttentionNode.Type}", [.. attributes.Select(attribute => (attribute.Key, attribute.Value))], inputs, AttentionNode.Scores + 1, out Node refined);
        for (int output = 0; output < node.Outputs.Count; output++)
        {
            before.Replace(node.Outputs[output], refined.Outputs[output]!);
        }

        if (operands is not null)
        {
            context.Recognize(PatternNames.Attention, refined.Output);
        }

        if (cache is not null)
        {
            before.Replace(cache.PresentKey, refined.Outputs[AttentionNode.PresentKey]!);
            before.Replace(cache.PresentValue, refined.Outputs[AttentionNode.PresentValue]!);
        }

        NodeOrder.Restore(context.Graph);
    }

    private static AttentionOperand? Trace(Node node, int input, Dimension heads)
    {
        Value operand = node.Input(input);
        AxisDigits layout = operand.Shape.Rank == 4
            ? AxisDigits.Of(operand.Shape, [AxisDigit.Row, AxisDigit.Head, AxisDigit.Position, AxisDigit.Element])
            : new AxisDigits(
            [
                .. AxisDigits.Of(new Shape(operand.Shape.Take(2).ToArray()), [AxisDigit.Row, AxisDigit.Position]).Axes,
                [.. AxisDigits.Of(new Shape([heads, Dimension.FloorDivide(operand.Shape[2], heads)]), [AxisDigit.Head, AxisDigit.Element]).All],
            ]);
        return AttentionOperand.Choose(OperandTrace.Start(operand, layout), takesFactors: false);
    }

    /// <summary>What the node's mask says; <see langword="null"/> where that is no more than the tensor itself.</summary>
    private static AttentionMask? Mask(Node node, AttentionSizes sizes, Dimension past, bool isCached, RecognitionContext context)
    {
        if (node.OptionalInput(AttentionNode.Mask) is not { } tensor || context.MaskConditions.ContainsValue(tensor) || tensor.Shape.Rank is < 1 or > 4
            || tensor.Shape[tensor.Shape.Rank - 1] is var keys && keys.Value != 1 && keys != sizes.TotalLength)
        {
            return null;
        }

        var layout = new ScoreLayout(context.Graph.Symbols, sizes.Batch, sizes.QueryHeads, sizes.QueryLength, sizes.TotalLength);
        AxisDigits scores = layout.Digits(4);
        var reader = new MaskReader(layout.Space);
        if (reader.ReadBroadcast(tensor, layout.Shape, layout.Coordinates(scores)) is not { } element
            || layout.Arrange(tensor.Shape, layout.Broadcast(tensor.Shape, layout.Shape, scores)) is not { } arrangement)
        {
            return null;
        }

        var term = new MaskTerm(tensor, arrangement, element);
        if (tensor.ElementType == ElementType.Boolean)
        {
            term = term with { Replacement = double.NegativeInfinity };
        }

        var mask = new AttentionMask(layout, past, [new ScoreEvent(term)], isCached);
        if (mask.Miss is { Term.Tensor.Producer: { } producer } miss)
        {
            context.Miss(PatternNames.AttentionMask, producer, miss.Reason);
        }

        return mask.IsRefined ? mask : null;
    }
}
