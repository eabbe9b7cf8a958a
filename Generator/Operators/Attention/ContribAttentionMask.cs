using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// The masks of com.microsoft's Attention and MultiHeadAttention as the canonical attention's: integers that are [batch] (end of each row's keys), [2 · batch] (ends, then
/// starts), [3 · batch + 2] (ends first), [batch, keys], [batch, queries, keys] or [batch, 1, all, all], 1 where a key counts; and a bias of the scores.
/// </summary>
/// <remarks>
/// These operators add a large negative number where a key does not count (<c>mask_filter_value</c>), so that a query none of whose keys count still gives the softmax
/// of its scores. The additive form keeps that. Where past and present may become the session's state the mask stays boolean, as only that can become the plan of a run;
/// a query that sees nothing is padding there.
/// </remarks>
internal sealed class ContribAttentionMask(Node node, ExpansionContext context)
{
    private readonly Formula _formula = new(context);

    public required Dimension Batch { get; init; }

    public required Dimension Queries { get; init; }

    /// <summary>Past and new keys.</summary>
    public required Dimension Keys { get; init; }

    public required Dimension Past { get; init; }

    /// <summary>Whether a mask may be boolean.</summary>
    public required bool MayPlan { get; init; }

    /// <summary>A mask [.., keys] of the canonical attention; null where there is none.</summary>
    public Value? Build(Value? mask, Value? bias)
    {
        // A mask [batch, 1] over more keys is a placeholder.
        if (mask is null || (mask.Shape.Rank == 2 && mask.Shape[1].Value == 1 && Keys.Value != 1))
        {
            return bias;
        }

        Value attends = Attends(mask);
        if (bias is null && MayPlan)
        {
            return attends;
        }

        ElementType type = node.Input(0).ElementType;
        float filter = node.FloatAttribute("mask_filter_value", -10000);
        Value added = _formula.Where(attends, context.Literal(0, type), context.Literal(filter, type));
        return bias is null ? added : _formula.Add(bias, added);
    }

    /// <summary>True where a key counts, broadcasting to [batch, 1, queries, keys].</summary>
    private Value Attends(Value mask)
    {
        if (!mask.ElementType.IsInteger() && mask.ElementType != ElementType.Boolean)
        {
            throw ModelException.Unsupported(node, $"a mask of type {mask.ElementType.OnnxName()}");
        }

        switch (mask.Shape.Rank)
        {
            case 1:
                return ByIndex(mask);
            case 2:
                Require(mask, 1, Keys);
                return context.Add("Unsqueeze", _formula.Cast(mask, ElementType.Boolean), context.Integers(1, 2));
            case 3:
                Require(mask, 1, Queries);
                Require(mask, 2, Keys);
                return context.Add("Unsqueeze", _formula.Cast(mask, ElementType.Boolean), context.Integers(1));
            case 4:
                Value rows = context.Add("Slice", mask, context.Sizes(Past), context.Sizes(Past + Queries), context.Integers(2));
                Value part = context.Add("Slice", rows, context.Integers(0), context.Sizes(Keys), context.Integers(3));
                return _formula.Cast(part, ElementType.Boolean);
            default:
                throw new ModelException(node, $"a mask of shape {mask.Shape} is none of the known forms");
        }
    }

    private Value ByIndex(Value index)
    {
        Dimension size = index.Shape[0];
        Value ends = size == Batch ? index : context.Add("Slice", index, context.Integers(0), context.Sizes(Batch), context.Integers(0));
        Value keys = context.Add("Range", context.Literal(0, index.ElementType), _formula.Cast(context.Size(Keys), index.ElementType), context.Literal(1, index.ElementType));
        Value attends = context.Add("Less", keys, Column(ends));
        if (size == Batch * 2 && size != Batch)
        {
            Value starts = context.Add("Slice", index, context.Sizes(Batch), context.Sizes(Batch * 2), context.Integers(0));
            attends = context.Add("And", attends, context.Add("GreaterOrEqual", keys, Column(starts)));
        }
        else if (size != Batch && size != (Batch * 3) + 2)
        {
            throw new ModelException(node, $"a mask of {size} numbers for {Batch} rows is none of the known forms");
        }

        return attends;
    }

    private Value Column(Value vector) => context.Add("Unsqueeze", vector, context.Integers(1, 2, 3));

    private void Require(Value mask, int axis, Dimension size)
    {
        if (mask.Shape[axis].Value is { } actual && size.Value is { } expected && actual != expected)
        {
            throw new ModelException(node, $"a mask of shape {mask.Shape} does not fit {Queries} queries on {Keys} keys");
        }
    }
}
