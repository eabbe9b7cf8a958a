using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Slice: https://onnx.ai/onnx/operators/onnx__Slice.html. A view. Starts, ends and axes are attributes in version 1 and inputs from version 10 on, with steps;
/// all of them are expressions over the model's dimensions and the elements of small integer inputs.
/// </summary>
internal sealed class SliceOperator : Operator
{
    /// <summary>No axis is longer.</summary>
    private const long FarthestPosition = 1L << 48;

    public static readonly IReadOnlyList<Operator> All = [new SliceOperator()];

    public override string Type => "Slice";

    public override IReadOnlyList<int> Versions => [1, 10, 11, 13];

    public override void Infer(Node node, InferenceContext context)
    {
        Value input = node.Input(0);
        CheckOpen(node, context);
        IReadOnlyList<AxisRange> ranges = Ranges(node, context.Graph.Symbols);
        var type = new TensorType(input.ElementType, new Shape([.. ranges.Select(range => range.Size)]));
        bool isKnown = ranges.All(range => range.Start.IsStatic && range.Size.IsStatic && range.Step.IsStatic);
        if (isKnown && input.Constant is { } constant)
        {
            context.SetConstant(node.Output, ConstantMoves.Slice(
                constant,
                [.. ranges.Select(range => range.Start.Constant)],
                [.. ranges.Select(range => range.Step.Constant)],
                [.. ranges.Select(range => range.Size.Constant)]));
        }
        else if (isKnown && input.Elements is { } elements && ranges.Count == 1)
        {
            AxisRange range = ranges[0];
            context.SetElements(node.Output, type, [.. Enumerable.Range(0, (int)range.Size.Constant).Select(index => elements[(int)(range.Start.Constant + index * range.Step.Constant)])]);
        }
        else
        {
            context.SetType(node.Output, type);
        }
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View view = context.Read(node.Input(0));
        IReadOnlyList<AxisRange> ranges = Ranges(node, context.Graph.Symbols);
        for (int axis = 0; axis < ranges.Count; axis++)
        {
            view = view.Slice(axis, ranges[axis].Start, ranges[axis].Size, ranges[axis].Step);
        }

        context.SetView(node.Output, view);
    }

    /// <summary>What is taken of every axis of the input.</summary>
    public static IReadOnlyList<AxisRange> Ranges(Node node, SymbolTable symbols)
    {
        Shape from = node.Input(0).Shape;
        IReadOnlyList<Dimension> starts = List(node, 1, "starts") ?? throw new ModelException(node, "the list of starts is missing");
        IReadOnlyList<Dimension> ends = List(node, 2, "ends") ?? throw new ModelException(node, "the list of ends is missing");
        IReadOnlyList<Dimension> axes = List(node, 3, "axes") ?? [.. Enumerable.Range(0, starts.Count).Select(axis => Dimension.Of(axis))];
        IReadOnlyList<Dimension>? steps = node.Version < 10 ? null : List(node, 4, "steps");
        if (ends.Count != starts.Count || axes.Count != starts.Count || (steps is not null && steps.Count != starts.Count))
        {
            throw new ModelException(node, "starts, ends, axes and steps have different lengths");
        }

        if (axes.Any(axis => !axis.IsStatic))
        {
            Dimension[] zeros = [.. from.Select(_ => Dimension.Zero)], ones = [.. from.Select(_ => Dimension.One)];
            Dimension[] firsts = OpenAxes.Spread([.. starts.Select(start => Bounded(start, symbols))], axes, zeros, symbols);
            Dimension[] lasts = OpenAxes.Spread([.. ends.Select(end => Bounded(end, symbols))], axes, [.. from], symbols);
            Dimension[] strides = steps is null ? ones : OpenAxes.Spread(steps, axes, ones, symbols);
            return [.. from.Select((size, axis) => Range(node, size, firsts[axis], lasts[axis], strides[axis], symbols))];
        }

        AxisRange[] ranges = [.. from.Select(size => new AxisRange(Dimension.Zero, size, 1))];
        for (int index = 0; index < starts.Count; index++)
        {
            int axis = ShapeMath.Axis(node, axes[index].Constant, from.Rank);
            ranges[axis] = Range(node, from[axis], Bounded(starts[index], symbols), Bounded(ends[index], symbols), steps?[index] ?? Dimension.One, symbols);
        }

        return ranges;
    }

    /// <summary>What only a run can check: axes that exist and differ, steps other than 0.</summary>
    private static void CheckOpen(Node node, InferenceContext context)
    {
        if (List(node, 3, "axes") is { } axes && axes.Any(axis => !axis.IsStatic))
        {
            OpenAxes.RequireDistinct(node, axes, node.Input(0).Shape.Rank, context);
        }

        foreach (Dimension step in (node.Version < 10 ? null : List(node, 4, "steps"))?.Where(step => !step.IsStatic) ?? [])
        {
            context.RequireNonzero(step, $"the step {step} of {node}");
        }
    }

    private static AxisRange Range(Node node, Dimension size, Dimension start, Dimension end, Dimension step, SymbolTable symbols)
    {
        if (step.Value == 0)
        {
            throw new ModelException(node, "a step is 0");
        }

        // 1 forwards, where positions are clamped to [0, size]; 0 backwards, where they are to [-1, size - 1], with -1 before the first element.
        Dimension forwards = step.Value is { } known ? Dimension.Of(known > 0 ? 1 : 0) : SymbolicMath.Clamp(step, Dimension.Zero, Dimension.One, symbols);
        Dimension sign = 2 * forwards - 1;
        Dimension low = forwards - 1;
        Dimension high = size - 1 + forwards;
        Dimension first = SymbolicMath.Clamp(Position(start, size, symbols), low, high, symbols);
        Dimension last = SymbolicMath.Clamp(Position(end, size, symbols), low, high, symbols);
        Dimension distance = (last - first) * sign;
        return new AxisRange(first, SymbolicMath.Maximum(Dimension.CeilingDivide(distance, step * sign), Dimension.Zero, symbols), step);
    }

    /// <summary>Numbers that a run brings, as positions that no sum overflows.</summary>
    private static Dimension Bounded(Dimension position, SymbolTable symbols) =>
        !symbols.DependsOnElements(position) ? position : Dimension.Minimum(Dimension.Maximum(position, Dimension.Of(-FarthestPosition)), Dimension.Of(FarthestPosition));

    // Exporters write "to the end" as huge numbers, which must not take part in arithmetic that overflows.
    private static Dimension Position(Dimension position, Dimension size, SymbolTable symbols) => position.Value switch
    {
        <= int.MinValue => Dimension.Of(int.MinValue) - size,
        >= int.MaxValue => size,
        _ => SymbolicMath.FromStart(position, size, symbols),
    };

    private static IReadOnlyList<Dimension>? List(Node node, int input, string name)
    {
        if (node.Version < 10)
        {
            return node.IntegersAttribute(name) is { } values ? [.. values.Select(Dimension.Of)] : null;
        }

        return node.OptionalInput(input) is not { } value ? null
            : value.Elements ?? throw ModelException.Unsupported(node, $"the list of {name} (input {input}, '{value.Name}') is computed at run time from data");
    }
}
