using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Lowering;

/// <summary>Writes a <see cref="FusionGroup"/> as one expression over memory: a <see cref="LoopNest"/>, or the epilogue of its contraction.</summary>
internal sealed class LoopBuilder(FusionGroup group, LoweringContext context)
{
    private readonly Dictionary<Node, Expression> _expressions = [];
    private readonly Dictionary<(Value, string), InputExpression> _inputs = [];
    private readonly List<View> _views = [];

    /// <summary>Whether an input is the same along the whole row, by the level at which its reader works.</summary>
    private readonly List<ReaderLevel> _levels = [];

    private enum ReaderLevel
    {
        Element,
        Row,
        SqueezedRow,
    }

    /// <summary>The group as a loop that writes <paramref name="output"/>, a view of the root's value.</summary>
    public LoopNest Build(View output)
    {
        Express();
        ReaderLevel resultLevel = Level(group.Root);
        int rank = group.Space.Rank;
        int[] reduced = group.ReducedAxes is null ? [] : [.. group.ReducedAxes];
        int[] rowAxes = [.. Enumerable.Range(0, rank).Where(axis => !reduced.Contains(axis))];

        List<IReadOnlyList<Dimension>> rowStrides = [.. _views.Select((view, index) => StridesOverRows(view, _levels[index], rowAxes)), StridesOverRows(output, resultLevel, rowAxes)];
        (List<Dimension> rowSizes, List<Dimension>[] mergedRows) = LoopNest.Merge([.. rowAxes.Select(axis => group.Space[axis])], rowStrides);
        if (reduced.Length == 0)
        {
            // The last merged axis is the row; the axes before it count rows.
            int last = rowSizes.Count - 1;
            return Nest(
                output, resultLevel,
                last < 0 ? [] : rowSizes.GetRange(0, last), [.. mergedRows.Select(strides => last < 0 ? [] : strides.GetRange(0, last))],
                last < 0 ? [Dimension.One] : [rowSizes[last]], [.. mergedRows.Select(strides => last < 0 ? [Dimension.Zero] : (IReadOnlyList<Dimension>)[strides[last]])]);
        }

        List<IReadOnlyList<Dimension>> innerStrides = [.. _views.Select((view, index) => StridesOverInner(view, _levels[index], reduced)), StridesOverInner(output, resultLevel, reduced)];
        (List<Dimension> innerSizes, List<Dimension>[] mergedInner) = LoopNest.Merge([.. reduced.Select(axis => group.Space[axis])], innerStrides);
        if (innerSizes.Count == 0)
        {
            innerSizes.Add(Dimension.One);
            foreach (List<Dimension> strides in mergedInner)
            {
                strides.Add(Dimension.Zero);
            }
        }

        return Nest(output, resultLevel, rowSizes, mergedRows, innerSizes, mergedInner);
    }

    /// <summary>The group's work on each result of its contraction.</summary>
    public FusedEpilogue BuildEpilogue()
    {
        if (group.Members.Count == 1)
        {
            return new FusedEpilogue(group.Root.Output, null, [], Origins());
        }

        Node contraction = group.Contraction!;
        _inputs[(contraction.Output, nameof(ReaderLevel.Element))] = new InputExpression(0, ElementType.Float32);
        _views.Add(null!);
        _levels.Add(ReaderLevel.Element);
        _expressions[contraction] = _inputs[(contraction.Output, nameof(ReaderLevel.Element))];
        Express();
        Expression result = _expressions[group.Root];
        return new FusedEpilogue(group.Root.Output, NarrowStreams.Widen(result) ?? throw new InvalidOperationException($"{group.Root} has no float32 form."), [.. _views.Skip(1)], Origins());
    }

    /// <summary>The ONNX nodes of all members.</summary>
    public IReadOnlyList<string> Origins() => [.. group.Members.SelectMany(member => member.Origins).Distinct()];

    private LoopNest Nest(View output, ReaderLevel level, IReadOnlyList<Dimension> rowSizes, IReadOnlyList<IReadOnlyList<Dimension>> rowStrides,
        IReadOnlyList<Dimension> innerSizes, IReadOnlyList<IReadOnlyList<Dimension>> innerStrides)
    {
        int streams = _views.Count;
        return new LoopNest
        {
            RowSizes = rowSizes,
            InnerSizes = innerSizes,
            Inputs = [.. _views.Select((view, index) => new LoopStream(view, rowStrides[index], innerStrides[index]))],
            Output = new LoopStream(output, rowStrides[streams], innerStrides[streams]),
            Result = _expressions[group.Root],
            Reduces = group.Reduces,
            StoresRows = group.Reduces && level != ReaderLevel.Element,
        };
    }

    private void Express()
    {
        foreach (Node member in group.Members)
        {
            if (_expressions.ContainsKey(member))
            {
                continue;
            }

            ReaderLevel level = Level(member);
            switch (OperatorRegistry.Find(member))
            {
                case ReductionOperator reduction:
                    _expressions[member] = new ReductionExpression(reduction.Kind, Operand(member.Input(0), ReaderLevel.Element));
                    break;
                case PointwiseOperator pointwise:
                    _expressions[member] = pointwise.Express(member, [.. member.Inputs.Select(input => input is null ? null : Operand(input, level))]);
                    break;
            }
        }
    }

    private ReaderLevel Level(Node member) =>
        !group.Reduces ? ReaderLevel.Element
        : OperatorRegistry.Find(member) is ReductionOperator ? (member.Output.Shape.Equals(group.RowShape) ? ReaderLevel.Row : ReaderLevel.SqueezedRow)
        : member.Output.Shape.Equals(group.Space) ? ReaderLevel.Element
        : member.Output.Shape.Equals(group.RowShape) ? ReaderLevel.Row
        : ReaderLevel.SqueezedRow;

    private Expression Operand(Value value, ReaderLevel level)
    {
        if (value.Producer is { } producer && _expressions.TryGetValue(producer, out Expression? member))
        {
            return member;
        }

        if (value.Constant is InlineConstant { Count: 1 } constant && Folding.IsSupported(constant.Type.ElementType))
        {
            ElementEvaluator.Element element = Folding.ReadElements(constant)[0];
            return constant.Type.ElementType.IsFloat()
                ? new ConstantExpression(element.Float, constant.Type.ElementType)
                : constant.Type.ElementType == ElementType.Boolean ? new ConstantExpression((double)element.Integer, ElementType.Boolean)
                : new ConstantExpression(element.Integer, constant.Type.ElementType);
        }

        if (Size(value) is { } size)
        {
            return size;
        }

        if (!_inputs.TryGetValue((value, level.ToString()), out InputExpression? input))
        {
            input = new InputExpression(_views.Count, value.ElementType);
            _inputs[(value, level.ToString())] = input;
            Shape shape = level switch
            {
                ReaderLevel.Element => group.Space,
                ReaderLevel.Row => group.RowShape,
                _ => group.SqueezedRowShape,
            };
            _views.Add(context.Read(value).Broadcast(shape));
            _levels.Add(level);
        }

        return input;
    }

    /// <summary>A single number that follows from the run's sizes, possibly cast: nothing has to compute it into memory first.</summary>
    public static SizeExpression? Size(Value value)
    {
        // What makes a known value is gone from the graph already.
        Value source = !value.IsKnown && value.Producer is { Type: "Cast", Domain: "" } cast && value.ElementType is (ElementType.Float32 or ElementType.Float64)
            ? cast.Input(0)
            : value;
        return source.Elements is { Count: 1 } elements && source.ElementType.IsInteger() ? new SizeExpression(elements[0], value.ElementType) : null;
    }

    private static IReadOnlyList<Dimension> StridesOverRows(View view, ReaderLevel level, int[] rowAxes) =>
        level == ReaderLevel.SqueezedRow ? view.Strides : [.. rowAxes.Select(axis => view.Strides[axis])];

    private static IReadOnlyList<Dimension> StridesOverInner(View view, ReaderLevel level, int[] reduced) =>
        level == ReaderLevel.Element ? [.. reduced.Select(axis => view.Strides[axis])] : [.. reduced.Select(_ => Dimension.Zero)];
}
