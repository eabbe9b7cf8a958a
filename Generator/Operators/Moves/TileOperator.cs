using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>Tile: https://onnx.ai/onnx/operators/onnx__Tile.html. Repeats a tensor along each axis; the repeats must be known at build time (as expressions over the
/// model's dimensions). Version 1 repeats one axis, given as two scalar inputs.</summary>
internal sealed class TileOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new TileOperator()];

    public override string Type => "Tile";

    public override IReadOnlyList<int> Versions => [1, 6, 13];

    public override void Infer(Node node, InferenceContext context)
    {
        Value input = node.Input(0);
        ElementTypeSet.Movable.Require(node, 0);
        IReadOnlyList<Dimension> repeats = Repeats(node);
        context.RequireSizes(node, repeats);
        var type = new TensorType(input.ElementType, new Shape([.. input.Shape.Select((size, axis) => size * repeats[axis])]));
        if (input.Constant is InlineConstant constant && type.Shape.IsStatic && type.Shape.ElementCount.Constant <= Folding.MaximumElements && !ConstantMoves.IsLarge(constant))
        {
            long[] sizes = input.Shape.ToStatic();
            long[] strides = ConstantMoves.Strides(sizes);
            context.SetConstant(node.Output, ConstantMoves.Pick(constant, type, coordinates => coordinates.Select((coordinate, axis) => coordinate % sizes[axis] * strides[axis]).Sum()));
        }
        else if (input.Elements is { } elements && type.Rank == 1 && repeats[0].Value is { } times && times * elements.Count <= Folding.MaximumElements)
        {
            context.SetElements(node.Output, type, [.. Enumerable.Repeat(elements, (int)times).SelectMany(list => list)]);
        }
        else
        {
            context.SetType(node.Output, type);
        }
    }

    public override void Lower(Node node, LoweringContext context)
    {
        IReadOnlyList<Dimension> repeats = Repeats(node);
        View input = context.Read(node.Input(0));
        View output = context.Write(node.Output);
        // Every axis is split into [repeat, size]; along the first the input is the same.
        var shape = new Shape([.. input.Shape.SelectMany((size, axis) => new[] { repeats[axis], size })]);
        var repeated = new View(input.Buffer, shape, [.. input.Strides.SelectMany(stride => new[] { Dimension.Zero, stride })], input.Offset);
        context.Copy(repeated, output.Reshape(shape)!, node);
    }

    private static Dimension Whole(Node node, double number, string what) => number >= 0 && number <= int.MaxValue && number == Math.Floor(number)
        ? Dimension.Of((long)number)
        : throw new ModelException(node, $"{what} are {number.ToString("R", System.Globalization.CultureInfo.InvariantCulture)}, which is no number of elements or axes");

    private static IReadOnlyList<Dimension> Repeats(Node node)
    {
        int rank = node.Input(0).Shape.Rank;
        IReadOnlyList<Dimension> given = Known(node, 1, "the repeats");
        if (node.Version < 6)
        {
            int axis = ShapeMath.Axis(node, Known(node, 2, "the axis")[0].Value ?? throw ModelException.Unsupported(node, "the axis is not a number"), rank);
            return [.. Enumerable.Range(0, rank).Select(current => current == axis ? given[0] : Dimension.One)];
        }

        return given.Count == rank && given.All(repeat => repeat.Value is not < 0)
            ? given
            : throw new ModelException(node, $"repeats [{string.Join(", ", given)}] do not fit the input's shape {node.Input(0).Shape}");
    }

    /// <summary>Numbers of an input; in version 1 they have the type of what is repeated, which may be a floating-point one.</summary>
    private static IReadOnlyList<Dimension> Known(Node node, int input, string what)
    {
        Value value = node.Input(input);
        if (value.Elements is null && node.Version < 6 && value.Constant is InlineConstant constant && constant.Type.ElementType.IsFloat())
        {
            return [.. ConstantElements.ReadDoubles(constant).Select(number => Whole(node, number, what))];
        }

        return value.Elements ?? throw ModelException.Unsupported(node, $"{what} (input {input}, '{value.Name}') are computed at run time from data");
    }
}
