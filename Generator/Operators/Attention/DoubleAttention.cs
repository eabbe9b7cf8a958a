using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Attention with operands or a softmax of float64, written as products and elementwise operators of float64: no kernel of attention has them. Past and present are joined by Concat. What
/// stands for each stage is as in the canonical attention: soft cap, then masks; a query that may see no key gets zeros.
/// </summary>
internal sealed class DoubleAttention
{
    private readonly Node _node;
    private readonly ExpansionContext _context;
    private readonly Formula _formula;
    private readonly AttentionSizes _sizes;

    public DoubleAttention(Node node, ExpansionContext context)
    {
        _node = node;
        _context = context;
        _formula = new Formula(context);
        _sizes = new AttentionSizes(node);
    }

    /// <summary>Whether a node of ONNX's Attention computes in float64.</summary>
    public static bool Is(Node node) => node.IntegerAttribute("softmax_precision", 0) == (long)ElementType.Float64
        || Enumerable.Range(0, 3).Any(input => node.Input(input).ElementType == ElementType.Float64);

    /// <summary>Writes the nodes in the node's place.</summary>
    /// <param name="mask">The node's mask, of the operands' or another type.</param>
    /// <param name="inside">Where a query sees a key as far as windows, causality and lengths tell.</param>
    public void Replace(Value? mask, Value? inside)
    {
        if (_node.OptionalInput(AttentionNode.PastKey) is not null && _node.OptionalInput(AttentionNode.KeyLengths) is not null)
        {
            throw ModelException.Unsupported(_node, "past keys together with numbers of keys in float64");
        }

        _sizes.Require(_context.Graph);
        Value query = ByHead(_node.Input(AttentionNode.Query), _sizes.QueryHeads, _sizes.HeadSize);
        Value key = Present(AttentionNode.Key, AttentionNode.PastKey, _sizes.HeadSize, AttentionNode.PresentKey);
        Value value = Present(AttentionNode.Value, AttentionNode.PastValue, _sizes.ValueHeadSize, AttentionNode.PresentValue);

        // Query heads that share a key head are rows of one product.
        Dimension rows = Dimension.FloorDivide(_sizes.QueryHeads * _sizes.QueryLength, _sizes.KeyHeads);
        query = Reshape(Wide(query), _sizes.Batch, _sizes.KeyHeads, rows, _sizes.HeadSize);
        Value products = _context.Add("MatMul", query, _formula.Transpose(Wide(key), 0, 1, 3, 2));
        Value scaled = _formula.Multiply(Reshape(products, [.. _sizes.ScoresShape]), Scale());
        Value capped = Cap(scaled), masked = Mask(capped, mask, inside), weights = Softmax(masked);
        Value result = _context.Add("MatMul", Reshape(weights, _sizes.Batch, _sizes.KeyHeads, rows, _sizes.TotalLength), Wide(value));
        result = Reshape(result, _sizes.Batch, _sizes.QueryHeads, _sizes.QueryLength, _sizes.ValueHeadSize);
        if (_sizes.IsQueryFlat)
        {
            result = Reshape(_formula.Transpose(result, 0, 2, 1, 3), [.. _sizes.OutputShape]);
        }

        Put(AttentionNode.Output, result);
        Put(AttentionNode.Scores, _node.IntegerAttribute(AttentionNode.ScoresMode, 0) switch { 0 => scaled, 1 => capped, 2 => masked, _ => weights });
    }

    private void Put(int index, Value value)
    {
        if (_node.OptionalOutput(index) is { } output)
        {
            _context.Replace(output, _formula.Cast(value, output.ElementType));
        }
    }

    private Value Wide(Value value) => _formula.Cast(value, ElementType.Float64);

    private Value Reshape(Value value, params Dimension[] sizes) => value.Shape.Equals(new Shape(sizes)) ? value : _context.Add("Reshape", value, _context.Sizes(sizes));

    private Value ByHead(Value value, Dimension heads, Dimension size) => value.Shape.Rank == 4
        ? value
        : _formula.Transpose(Reshape(value, value.Shape[0], value.Shape[1], heads, size), 0, 2, 1, 3);

    private Value Present(int input, int past, Dimension size, int output)
    {
        Value present = ByHead(_node.Input(input), _sizes.KeyHeads, size);
        if (_node.OptionalInput(past) is { } before)
        {
            present = _context.Add("Concat", [("axis", 2L)], _formula.Cast(before, present.ElementType), present);
        }

        Put(output, present);
        return present;
    }

    private Value Scale()
    {
        float given = _node.FloatAttribute(AttentionNode.Scale, 0);
        return given != 0 ? Number(given)
            : _sizes.HeadSize.Value is { } size ? Number(1 / Math.Sqrt(size))
            : _formula.Divide(Number(1), _formula.Apply("Sqrt", Wide(_context.Size(_sizes.HeadSize))));
    }

    private Value Number(double value) => _context.Literal(value, ElementType.Float64);

    private Value Cap(Value scores)
    {
        Value cap = Number(_node.FloatAttribute(AttentionNode.SoftCap, 0));
        return _node.FloatAttribute(AttentionNode.SoftCap, 0) == 0 ? scores : _formula.Multiply(_formula.Apply("Tanh", _formula.Divide(scores, cap)), cap);
    }

    private Value Mask(Value scores, Value? mask, Value? inside)
    {
        if (mask is not null)
        {
            mask = WithAllKeys(mask);
            if (mask.ElementType != ElementType.Boolean)
            {
                scores = _formula.Add(scores, Wide(mask));
            }
            else
            {
                inside = inside is null ? mask : _context.Add("And", inside, mask);
            }
        }

        return inside is null ? scores : _formula.Where(inside, scores, Number(double.NegativeInfinity));
    }

    /// <summary>From version 24 on a mask excludes the keys that it does not mention.</summary>
    private Value WithAllKeys(Value mask)
    {
        int last = mask.Shape.Rank - 1;
        Dimension width = mask.Shape[last], missing = _sizes.TotalLength - width;
        if (_node.Version < 24 || width.Value == 1 || missing.Value == 0)
        {
            return mask;
        }

        if (missing.Value < 0)
        {
            throw new ModelException(_node, $"a mask of shape {mask.Shape} does not fit {_sizes.TotalLength} keys");
        }

        if (missing.Value is null)
        {
            _context.Graph.Require(new SizeRequirement(Dimension.Minimum(missing, Dimension.Zero), 0, $"the keys of {_node} behind its mask, or 0 where they are not negative"));
        }

        Dimension[] pads = [.. Enumerable.Repeat(Dimension.Zero, last), Dimension.Zero, .. Enumerable.Repeat(Dimension.Zero, last), missing];
        Value excluded = mask.ElementType == ElementType.Boolean ? _context.Literal(0, ElementType.Boolean) : Number(double.NegativeInfinity);
        return _context.Add("Pad", mask.ElementType == ElementType.Boolean ? mask : Wide(mask), _context.Sizes(pads), excluded);
    }

    /// <summary>A softmax over the keys whose rows are zeros where all scores are -∞.</summary>
    private Value Softmax(Value scores)
    {
        Value largest = _formula.Reduce("ReduceMax", scores, [3]);
        Value isEmpty = _context.Add("Equal", largest, Number(double.NegativeInfinity));
        Value powers = _formula.Apply("Exp", _formula.Subtract(scores, _formula.Where(isEmpty, Number(0), largest)));
        return _formula.Divide(powers, _formula.Where(isEmpty, Number(1), _formula.Sum(powers, [3])));
    }
}
