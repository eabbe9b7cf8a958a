using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// The canonical attention (<see cref="AttentionNode"/>). Past and present that the session keeps (<see cref="Graph.States"/>) are appended in place; others are joined in
/// the present's memory.
/// </summary>
internal sealed class CanonicalAttentionOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new CanonicalAttentionOperator()];

    public override string Domain => AttentionNode.Domain;

    public override string Type => AttentionNode.Type;

    public override IReadOnlyList<int> Versions => [AttentionNode.Version];

    public override void Infer(Node node, InferenceContext context)
    {
        Value query = node.Input(AttentionNode.Query);
        Value key = node.Input(AttentionNode.Key);
        Value value = node.Input(AttentionNode.Value);
        foreach (Value operand in new[] { query, key, value })
        {
            if (operand.ElementType is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16))
            {
                throw ModelException.Unsupported(node, $"elements of type {operand.ElementType.OnnxName()}");
            }
        }

        var sizes = new AttentionSizes(node);
        CheckOptionalInputs(node, sizes);
        SetType(node.Output, query, sizes.OutputShape);
        SetType(node.OptionalOutput(AttentionNode.PresentKey), key, sizes.PresentKeyShape);
        SetType(node.OptionalOutput(AttentionNode.PresentValue), value, sizes.PresentValueShape);
        SetType(node.OptionalOutput(AttentionNode.Scores), query, sizes.ScoresShape);

        void SetType(Value? output, Value like, Shape shape)
        {
            if (output is not null)
            {
                context.SetType(output, new TensorType(like.ElementType, shape));
            }
        }
    }

    /// <summary>
    /// Masks and sinks of 16 bits are widened. The kernel reads operands of float16 and computes in float32; those of bfloat16, of several types, or with scores are widened too.
    /// </summary>
    public override bool Expand(Node node, ExpansionContext context)
    {
        if (node.Inputs.All(input => input is null || !IsNarrow(input)))
        {
            return false;
        }

        var formula = new Formula(context);
        if (ReadsHalves(node, context.Graph))
        {
            foreach (int input in new[] { AttentionNode.Mask, AttentionNode.Sink })
            {
                if (node.OptionalInput(input) is { } value && IsNarrow(value))
                {
                    node.SetInput(input, formula.Widen(value));
                }
            }

            return false;
        }

        context.AddWithOutputs(
            $"{Domain}.{Type}",
            [.. node.Attributes.Values.Select(attribute => (attribute.Name, attribute.Value))],
            [.. node.Inputs.Select(input => input is null ? null : formula.Widen(input))],
            node.Outputs.Count,
            out Node wide);
        for (int output = 0; output < node.Outputs.Count; output++)
        {
            if (node.Outputs[output] is { } narrow && (output == 0 || IsRead(context.Graph, narrow)))
            {
                context.Replace(narrow, formula.Cast(wide.Outputs[output]!, narrow.ElementType));
            }
        }

        return true;
    }

    public override void Lower(Node node, LoweringContext context) => new AttentionLowering(node, context).Run();

    /// <summary>Whether something needs an output: nodes of this kind have all outputs, most of them for nobody.</summary>
    public static bool IsRead(Graph graph, Value? output) => IsRead(output, graph.IsOutput);

    /// <summary>Whether something reads an output that need not be made.</summary>
    public static bool IsRead(Value? output, Func<Value, bool> isOutput) => output is not null && (output.Consumers.Count > 0 || isOutput(output));

    private static bool ReadsHalves(Node node, Graph graph)
    {
        int[] operands = [AttentionNode.Query, AttentionNode.Key, AttentionNode.Value, AttentionNode.PastKey, AttentionNode.PastValue];
        return operands.All(operand => node.OptionalInput(operand) is not { ElementType: not ElementType.Float16 })
            && !IsRead(graph, node.OptionalOutput(AttentionNode.Scores));
    }

    private static bool IsNarrow(Value value) => value.ElementType is ElementType.Float16 or ElementType.BFloat16;

    private static void CheckOptionalInputs(Node node, AttentionSizes sizes)
    {
        if (node.OptionalInput(AttentionNode.KeyLengths) is { } lengths
            && (lengths.ElementType != ElementType.Int32 || lengths.Shape.Rank != 1 || Differ(lengths.Shape[0], sizes.Batch)))
        {
            throw new ModelException(node, $"the key lengths must be {sizes.Batch} integers, one a row, but are {lengths.RequiredType}");
        }

        if (node.OptionalInput(AttentionNode.Sink) is { } sink && (sink.Shape.Rank != 1 || Differ(sink.Shape[0], sizes.QueryHeads)))
        {
            throw new ModelException(node, $"the sink must have a number for each of {sizes.QueryHeads} heads, but is {sink.Shape}");
        }

        if (node.IntegerAttribute(AttentionNode.Window, 0) is var window and not 0 && (window < 0 || node.IntegerAttribute(AttentionNode.IsCausal, 0) == 0))
        {
            throw ModelException.Unsupported(node, $"a window of {window} keys without causality");
        }

        if (node.StringAttribute(AttentionNode.FullyMasked, "zero") is var fullyMasked and not ("zero" or "nan" or "uniform"))
        {
            throw new ModelException(node, $"attribute '{AttentionNode.FullyMasked}' is '{fullyMasked}'");
        }

        if (node.OptionalInput(AttentionNode.Mask) is not { } mask)
        {
            return;
        }

        if (mask.ElementType != ElementType.Boolean && mask.ElementType is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16))
        {
            throw ModelException.Unsupported(node, $"a mask of type {mask.ElementType.OnnxName()}");
        }

        if (mask.Shape.Rank is < 1 or > 4)
        {
            throw new ModelException(node, $"the mask must have rank 1 to 4, but is {mask.Shape}");
        }

        bool hasBlocks = node.IntegerAttribute(AttentionNode.MaskBlock, 1) > 1;
        if (hasBlocks && (mask.ElementType != ElementType.Boolean || mask.Shape.Rank != 4))
        {
            throw new ModelException(node, $"a mask of blocks must be boolean with four axes, but is {mask.Type}");
        }

        bool excludes = node.IntegerAttribute(AttentionNode.MaskExcludes, 0) != 0;
        Dimension[] expected = [sizes.Batch, sizes.QueryHeads, sizes.QueryLength, sizes.TotalLength];
        for (int axis = 0; axis < mask.Shape.Rank; axis++)
        {
            Dimension size = mask.Shape[axis];
            Dimension wanted = expected[4 - mask.Shape.Rank + axis];
            bool isKeys = axis == mask.Shape.Rank - 1;
            if (size.Value == 1 || !Differ(size, wanted) || (isKeys && (hasBlocks || (excludes && size.Value < wanted.Value))))
            {
                continue;
            }

            throw new ModelException(node, $"a mask of shape {mask.Shape} does not fit batch {sizes.Batch}, {sizes.QueryHeads} heads, {sizes.QueryLength} queries and {sizes.TotalLength} keys");
        }
    }

    private static bool Differ(Dimension left, Dimension right) => left.Value is { } a && right.Value is { } b && a != b;
}
