using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Slice: https://onnx.ai/onnx/operators/onnx__Slice.html. A view. Starts, ends and axes are attributes in version 1 and inputs from version 10 on, with steps;
/// they must be known at build time (starts and ends as expressions over the model's dimensions).
/// </summary>
internal sealed class SliceOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new SliceOperator()];

    public override string Type => "Slice";

    public override IReadOnlyList<int> Versions => [1, 10, 11, 13];

    public override void Infer(Node node, InferenceContext context)
    {
        Value input = node.Input(0);
        IReadOnlyList<AxisRange> ranges = Ranges(node, context.Graph.Symbols);
        var type = new TensorType(input.ElementType, new Shape([.. ranges.Select(range => range.Size)]));
        bool isKnown = ranges.All(range => range.Start.IsStatic && range.Size.IsStatic);
        if (isKnown && input.Constant is { } constant)
        {
            context.SetConstant(node.Output, ConstantMoves.Slice(
                constant,
                [.. ranges.Select(range => range.Start.Constant)],
                [.. ranges.Select(range => range.Step)],
                [.. ranges.Select(range => range.Size.Constant)]));
        }
        else if (isKnown && input.Elements is { } elements && ranges.Count == 1)
        {
            AxisRange range = ranges[0];
            context.SetElements(node.Output, type, [.. Enumerable.Range(0, (int)range.Size.Constant).Select(index => elements[(int)(range.Start.Constant + index * range.Step)])]);
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

        AxisRange[] ranges = [.. from.Select(size => new AxisRange(Dimension.Zero, size, 1))];
        for (int index = 0; index < starts.Count; index++)
        {
            int axis = ShapeMath.Axis(node, Known(node, axes[index], "axes"), from.Rank);
            ranges[axis] = Range(node, from[axis], starts[index], ends[index], steps is null ? 1 : Known(node, steps[index], "steps"), symbols);
        }

        return ranges;
    }

    private static AxisRange Range(Node node, Dimension size, Dimension start, Dimension end, long step, SymbolTable symbols)
    {
        if (step == 0)
        {
            throw new ModelException(node, "a step is 0");
        }

        // Forwards, positions are clamped to [0, size]; backwards to [-1, size - 1], where -1 is before the first element.
        Dimension low = step > 0 ? Dimension.Zero : -Dimension.One;
        Dimension high = step > 0 ? size : size - Dimension.One;
        Dimension first = SymbolicMath.Clamp(Position(start, size, symbols), step > 0 ? Dimension.Zero : low, high, symbols);
        Dimension last = SymbolicMath.Clamp(Position(end, size, symbols), low, high, symbols);
        Dimension distance = step > 0 ? last - first : first - last;
        return new AxisRange(first, SymbolicMath.Maximum(Dimension.CeilingDivide(distance, Math.Abs(step)), Dimension.Zero, symbols), step);
    }

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

    private static long Known(Node node, Dimension value, string name) =>
        value.Value ?? throw ModelException.Unsupported(node, $"the list of {name} depends on the size '{value}'");
}
