using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Split: https://onnx.ai/onnx/operators/onnx__Split.html. Views. The sizes are an optional input in version 1, an attribute in versions 2 and 11, and an input
/// from version 13 on. Without them the parts are equal; from version 18 on <c>num_outputs</c> asks for that and the last part may be smaller.
/// </summary>
internal sealed class SplitOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new SplitOperator()];

    public override string Type => "Split";

    public override IReadOnlyList<int> Versions => [1, 2, 11, 13, 18];

    public override void Infer(Node node, InferenceContext context)
    {
        Value input = node.Input(0);
        int axis = Axis(node);
        IReadOnlyList<Dimension> parts = Parts(node, input.Shape[axis]);
        RequireParts(node, parts, input.Shape[axis], context);
        Dimension start = Dimension.Zero;
        for (int output = 0; output < node.Outputs.Count; output++)
        {
            if (node.Outputs[output] is { } part)
            {
                InferPart(part, input, axis, start, parts[output], context);
            }

            start += parts[output];
        }
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View view = context.Read(node.Input(0));
        int axis = Axis(node);
        Dimension start = Dimension.Zero;
        IReadOnlyList<Dimension> parts = Parts(node, node.Input(0).Shape[axis]);
        for (int output = 0; output < node.Outputs.Count; output++)
        {
            if (node.Outputs[output] is { } part)
            {
                context.SetView(part, view.Slice(axis, start, parts[output]));
            }

            start += parts[output];
        }
    }

    /// <summary>What only a run can check: parts that make up the axis, none of them negative or beyond it.</summary>
    private static void RequireParts(Node node, IReadOnlyList<Dimension> parts, Dimension size, InferenceContext context)
    {
        Dimension sum = parts.Aggregate(Dimension.Zero, (total, part) => total + part);
        if (!(sum - size).IsStatic)
        {
            context.Require(sum - size, 0, $"elements that the parts of {node} have beyond the {size} there are");
        }

        foreach (Dimension part in parts.Where(part => context.Symbols.DependsOnElements(part)))
        {
            context.RequireNonNegative(part, $"a part of {node}");
            context.RequireNonNegative(size - part, $"elements beside a part of {node}");
        }
    }

    private static int Axis(Node node) => ShapeMath.Axis(node, node.IntegerAttribute("axis", 0), node.Input(0).Shape.Rank);

    private static void InferPart(Value part, Value input, int axis, Dimension start, Dimension size, InferenceContext context)
    {
        Dimension[] sizes = [.. input.Shape];
        sizes[axis] = size;
        var type = new TensorType(input.ElementType, new Shape(sizes));
        if (type.Shape.IsStatic && start.IsStatic && input.Constant is { } constant)
        {
            context.SetConstant(part, ConstantMoves.Slice(
                constant,
                [.. sizes.Select((_, current) => current == axis ? start.Constant : 0)],
                [.. sizes.Select(_ => 1L)],
                type.Shape.ToStatic()));
        }
        else if (input.Elements is { } elements && input.Shape.Rank == 1 && start.IsStatic && size.IsStatic)
        {
            context.SetElements(part, type, [.. elements.Skip((int)start.Constant).Take((int)size.Constant)]);
        }
        else
        {
            context.SetType(part, type);
        }
    }

    private static IReadOnlyList<Dimension> Parts(Node node, Dimension size)
    {
        IReadOnlyList<Dimension>? given = node.Version is >= 2 and < 13
            ? node.IntegersAttribute("split") is { } sizes ? [.. sizes.Select(Dimension.Of)] : null
            : node.OptionalInput(1) is { } input ? input.Elements ?? throw ModelException.Unsupported(node, "the sizes of the parts are computed at run time from data") : null;
        int count = node.Outputs.Count;
        if (given is null)
        {
            return EqualParts(node, size, count);
        }

        Dimension sum = given.Aggregate(Dimension.Zero, (total, part) => total + part);
        if (given.Any(part => part.Value < 0) || given.Count < count || ((sum - size).Value is { } difference && difference != 0))
        {
            throw ModelException.Contradiction(node, $"parts [{string.Join(", ", given)}] do not make up {size} in {count} outputs");
        }

        return given;
    }

    private static IReadOnlyList<Dimension> EqualParts(Node node, Dimension size, int count)
    {
        if (node.Version >= 18)
        {
            long asked = node.IntegerAttribute("num_outputs", count);
            if (asked < count)
            {
                throw new ModelException(node, $"attribute 'num_outputs' is {asked} but the node has {count} outputs");
            }

            Dimension part = Dimension.CeilingDivide(size, asked);
            if ((size - part * (asked - 1)).Value < 0)
            {
                throw ModelException.Contradiction(node, $"{size} elements cannot be split into {asked} parts of {part}");
            }

            return [.. Enumerable.Range(0, (int)asked).Select(index => index == asked - 1 ? size - part * (asked - 1) : part)];
        }

        if (size.Value is { } known && known % count != 0)
        {
            throw ModelException.Contradiction(node, $"{known} elements cannot be split into {count} equal parts");
        }

        return [.. Enumerable.Repeat(Dimension.FloorDivide(size, count), count)];
    }
}
