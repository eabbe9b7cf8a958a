using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// Follows an operand of attention up through what only moves, repeats or scales it.
/// <para>Before: <c>p = Concat(past, new); u = Unsqueeze(p, 2); e = Expand(u, [b, 2, 3, t, d]); r = Reshape(e, [b, 6, t, d]); k = Transpose(r)</c>, started at k as
/// <c>[b] [h] [d] [t]</c>. At p: <c>[b] [h'] [t] [d]</c> with h' the first of two digits of h, and the second one repeated.</para>
/// </summary>
internal sealed class OperandTrace
{
    private readonly Dictionary<char, List<AxisDigit>> _order;
    private readonly HashSet<AxisDigit> _repeated;

    private OperandTrace(Value value, AxisDigits layout, Dictionary<char, List<AxisDigit>> order, HashSet<AxisDigit> repeated, double factor, bool isSignificant, IReadOnlyList<Node> nodes)
    {
        Value = value;
        Layout = layout;
        _order = order;
        _repeated = repeated;
        Factor = factor;
        IsSignificant = isSignificant;
        Nodes = nodes;
    }

    /// <summary>Where the trace is.</summary>
    public Value Value { get; }

    /// <summary>Which indices the value's axes hold.</summary>
    public AxisDigits Layout { get; }

    /// <summary>What the value was multiplied with on the way.</summary>
    public double Factor { get; }

    /// <summary>Whether the last step took away a repetition or a factor, and did not just move elements.</summary>
    public bool IsSignificant { get; }

    /// <summary>The nodes passed.</summary>
    public IReadOnlyList<Node> Nodes { get; }

    /// <summary>Whether elements are repeated in a way the canonical node knows: for each key head over neighbouring query heads.</summary>
    public bool IsRepetitionOfHeads => _repeated.All(digit => digit.Index == AxisDigit.Head)
        && (_repeated.Count == 0 || _order[AxisDigit.Head].SkipWhile(digit => !_repeated.Contains(digit)).All(_repeated.Contains));

    public bool IsRepeated => _repeated.Count > 0;

    public static OperandTrace Start(Value value, AxisDigits layout) => new(
        value,
        layout,
        layout.All.GroupBy(digit => digit.Index).ToDictionary(group => group.Key, group => group.ToList()),
        [],
        1,
        false,
        []);

    /// <summary>All places from the start up to where elements are computed.</summary>
    public IReadOnlyList<OperandTrace> Walk(bool takesFactors)
    {
        var places = new List<OperandTrace> { this };
        while (places[places.Count - 1].Up(takesFactors) is { } next)
        {
            places.Add(next);
        }

        return places;
    }

    private OperandTrace? Up(bool takesFactors)
    {
        if (Value.Producer is not { Domain: "" } node || Value.IsConstant || node.OptionalOutput(0) != Value)
        {
            return null;
        }

        Value input = node.Input(0);
        switch (node.Type)
        {
            case "Identity" or "Dropout":
                return To(input, Layout, this, node);
            case "Transpose":
                IReadOnlyList<int> permutation = TransposeOperator.Permutation(node);
                return To(input, Layout.Permute([.. Enumerable.Range(0, permutation.Count).Select(axis => permutation.ToList().IndexOf(axis))]), this, node);
            case "Reshape" or "Unsqueeze" or "Squeeze" or "Flatten":
                OperandTrace copy = Copy();
                return Layout.Reshape(Value.Shape, input.Shape, copy.Split) is { } layout ? To(input, layout, copy, node) : null;
            case "Expand":
                return UpExpand(node, input);
            case "Tile" when node.OptionalInput(1)?.Elements is { } repeats && repeats.Count == input.Shape.Rank:
                return UpRepeats(node, input, axis => (repeats[axis], true));
            case "Concat" when node.Inputs.Count > 1 && node.Inputs.All(part => part == input):
                int joined = ConcatOperator.Axis(node);
                return UpRepeats(node, input, axis => (axis == joined ? node.Inputs.Count : 1, true));
            case "Gather" when node.Input(1).Shape.Rank == 1 && node.Input(1).Elements is { } indices:
                int picked = ShapeMath.Axis(node, node.IntegerAttribute("axis", 0), input.Shape.Rank);
                return Repetition(indices, input.Shape[picked]) is { } repetition
                    ? UpRepeats(node, input, axis => axis == picked ? repetition : (Dimension.One, true))
                    : null;
            case "Mul" or "Div" when takesFactors:
                return UpFactor(node);
            default:
                return null;
        }
    }

    /// <summary>How often indices repeat all places in turn (outer) or each place in a row.</summary>
    private static (Dimension Count, bool IsOuter)? Repetition(IReadOnlyList<Dimension> indices, Dimension size)
    {
        if (size.Value is not > 0 and { } || indices.Count % size.Constant != 0)
        {
            return null;
        }

        long count = indices.Count / size.Constant;
        return Enumerable.Range(0, indices.Count).All(place => indices[place].Value == place / count) ? (count, false)
            : Enumerable.Range(0, indices.Count).All(place => indices[place].Value == place % size.Constant) ? (count, true)
            : null;
    }

    private OperandTrace? UpExpand(Node node, Value input)
    {
        OperandTrace next = Copy();
        int added = Value.Shape.Rank - input.Shape.Rank;
        var axes = new IReadOnlyList<AxisDigit>[input.Shape.Rank];
        for (int axis = 0; axis < Value.Shape.Rank; axis++)
        {
            bool isRepeated = axis < added || (input.Shape[axis - added].Value == 1 && Value.Shape[axis].Value != 1);
            if (isRepeated)
            {
                next._repeated.UnionWith(Layout.Axes[axis]);
            }
            else if (input.Shape[axis - added] != Value.Shape[axis])
            {
                return null;
            }

            if (axis >= added)
            {
                axes[axis - added] = isRepeated ? [] : Layout.Axes[axis];
            }
        }

        return To(input, new AxisDigits(axes), next, node, isSignificant: next._repeated.Count > _repeated.Count);
    }

    /// <summary>Goes up where every axis is the input's repeated, as a whole (outer) or element by element.</summary>
    private OperandTrace? UpRepeats(Node node, Value input, Func<int, (Dimension Count, bool IsOuter)> repeats)
    {
        OperandTrace next = Copy();
        var axes = new IReadOnlyList<AxisDigit>[input.Shape.Rank];
        for (int axis = 0; axis < axes.Length; axis++)
        {
            (Dimension count, bool isOuter) = repeats(axis);
            axes[axis] = Layout.Axes[axis];
            if (count.Value == 1)
            {
                continue;
            }

            Dimension first = isOuter ? count : input.Shape[axis];
            Dimension second = isOuter ? input.Shape[axis] : count;
            var single = new AxisDigits([axes[axis]]);
            if (single.Reshape(new Shape([Value.Shape[axis]]), new Shape([first, second]), next.Split) is not { } parts)
            {
                return null;
            }

            next._repeated.UnionWith(parts.Axes[isOuter ? 0 : 1]);
            axes[axis] = parts.Axes[isOuter ? 1 : 0];
        }

        return To(input, new AxisDigits(axes), next, node, isSignificant: true);
    }

    private OperandTrace? UpFactor(Node node)
    {
        for (int side = 0; side < (node.Type == "Mul" ? 2 : 1); side++)
        {
            Value scaled = node.Input(side);
            if (Matching.Number(node.Input(1 - side)) is { } number && number != 0 && !double.IsInfinity(number)
                && scaled.Shape.Equals(Value.Shape) && scaled.ElementType == Value.ElementType)
            {
                return new OperandTrace(scaled, Layout, _order, _repeated, node.Type == "Mul" ? Factor * number : Factor / number, true, [.. Nodes, node]);
            }
        }

        return null;
    }

    private OperandTrace Copy() => new(
        Value, Layout, _order.ToDictionary(pair => pair.Key, pair => pair.Value.ToList()), [.. _repeated], Factor, false, Nodes);

    private static OperandTrace To(Value input, AxisDigits layout, OperandTrace state, Node node, bool isSignificant = false) =>
        new(input, layout, state._order, state._repeated, state.Factor, isSignificant, [.. state.Nodes, node]);

    private void Split(AxisDigit digit, AxisDigit left, AxisDigit right)
    {
        List<AxisDigit> order = _order[digit.Index];
        int place = order.IndexOf(digit);
        order[place] = left;
        order.Insert(place + 1, right);
    }
}
