using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// DeformConv: https://onnx.ai/onnx/operators/onnx__DeformConv.html. A convolution that reads each element of a window at its place moved by an offset, in one to five axes, with groups of
/// channels, groups of offsets, factors (mask) and bias. Written as columns (<see cref="DeformableColumnsOperator"/>) and a product with the weights. Floating-point numbers, 16-bit ones in float32.
/// </summary>
internal sealed class DeformConvOperator : Operator
{
    private const int Mask = 4;

    public static readonly IReadOnlyList<Operator> All = [new DeformConvOperator(), .. DeformableColumnsOperator.All];

    public override string Type => "DeformConv";

    public override IReadOnlyList<int> Versions => [19, 22];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        foreach (int input in Enumerable.Range(1, 4).Where(input => node.OptionalInput(input) is not null))
        {
            ElementTypeSet.RequireEqual(node, 0, input);
        }

        Shape x = node.Input(0).Shape, weights = node.Input(1).Shape, offsets = node.Input(2).Shape;
        int axes = x.Rank - 2;
        if (axes is < 1 or > 5)
        {
            throw ModelException.Unsupported(node, $"an input of shape {x}; supported are 1 to 5 spatial axes");
        }

        SpatialText.RequireRank(node, 1, x.Rank, "the weights");
        SpatialText.RequireRank(node, 2, x.Rank, "the offsets");
        long groups = node.IntegerAttribute("group", 1), offsetGroups = node.IntegerAttribute("offset_group", 1);
        if (groups < 1 || offsetGroups < 1 || weights[0].Value % groups is not (null or 0) || x[1].Value % offsetGroups is not (null or 0))
        {
            throw new ModelException(node, $"weights of shape {weights} in {groups} groups, and offsets in {offsetGroups}, do not fit the input's shape {x}");
        }

        SpatialText.RequireEqual(node, context, x[1], weights[1] * groups, "the channels of the input and of the weights");
        long[] kernel = Kernel(node);
        for (int axis = 0; axis < axes; axis++)
        {
            SpatialText.RequireEqual(node, context, weights[axis + 2], kernel[axis], $"axis {axis + 2} of the weights and of attribute 'kernel_shape'");
        }

        Dimension elements = kernel.Aggregate(1L, (product, size) => product * size);
        SpatialText.RequireEqual(node, context, offsets[0], x[0], "the batches of the offsets and of the input");
        SpatialText.RequireEqual(node, context, offsets[1], elements * offsetGroups * axes, "the channels of the offsets and the coordinates of all windows' elements");
        Shape result = Windows(node, x, kernel, context.Symbols);
        for (int axis = 0; axis < axes; axis++)
        {
            SpatialText.RequireEqual(node, context, offsets[axis + 2], result[axis], $"the sizes of the offsets and of the result in axis {axis + 2}");
        }

        if (node.OptionalInput(3) is { } bias)
        {
            SpatialText.RequireRank(node, 3, 1, "the bias");
            SpatialText.RequireEqual(node, context, bias.Shape[0], weights[0], "the numbers of biases and output channels");
        }

        if (node.OptionalInput(Mask) is { } mask)
        {
            SpatialText.RequireRank(node, Mask, x.Rank, "the mask");
            SpatialText.RequireEqual(node, context, mask.Shape[1], elements * offsetGroups, "the channels of the mask and the elements of all windows");
            for (int axis = 0; axis < x.Rank; axis++)
            {
                if (axis != 1)
                {
                    SpatialText.RequireEqual(node, context, mask.Shape[axis], offsets[axis], $"the sizes of the mask and of the offsets in axis {axis}");
                }
            }
        }

        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape([x[0], weights[0], .. offsets.Skip(2)])));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Shape x = node.Input(0).Shape, weights = node.Input(1).Shape, result = node.Output.Shape;
        int axes = x.Rank - 2;
        long groups = node.IntegerAttribute("group", 1);
        Value? mask = node.OptionalInput(Mask);
        Value columns = context.Add("cameo.DeformableColumns",
            [
                ("kernel_shape", Kernel(node)),
                ("strides", WindowAxes.Attribute(node, "strides", axes, 1)),
                ("dilations", WindowAxes.Attribute(node, "dilations", axes, 1)),
                ("pads", WindowAxes.Attribute(node, "pads", 2 * axes, 0)),
                ("offset_group", node.IntegerAttribute("offset_group", 1)),
            ],
            formula.Widen(node.Input(0)), formula.Widen(node.Input(2)), mask is null ? null : formula.Widen(mask));

        // [groups, output channels, elements] · [batch, groups, elements, positions], the groups left out where there is one.
        Dimension[] group = groups == 1 ? [] : [Dimension.Of(groups)];
        Dimension outputs = Dimension.FloorDivide(weights[0], groups), elements = weights.Product(1, weights.Rank), positions = columns.Shape[2];
        Value left = context.Reshape(formula.Widen(node.Input(1)), [.. group, outputs, elements]);
        Value right = groups == 1 ? columns : context.Reshape(columns, [x[0], .. group, elements, positions]);
        Value y = context.Reshape(context.Add("MatMul", left, right), [.. result]);
        if (node.OptionalInput(3) is { } bias)
        {
            y = formula.Add(y, formula.AlongAxis(formula.Widen(bias), 1, x.Rank));
        }

        context.Replace(node.Output, formula.Cast(y, node.Output.ElementType));
        return true;
    }

    private static long[] Kernel(Node node)
    {
        Shape weights = node.Input(1).Shape;
        long[]? given = node.IntegersAttribute("kernel_shape");
        if (given is { Length: > 0 } && (given.Length != weights.Rank - 2 || given.Where((size, axis) => size < 1 || weights[axis + 2].Value is { } known && known != size).Any()))
        {
            throw new ModelException(node, $"attribute 'kernel_shape' is [{string.Join(", ", given)}] for weights of shape {weights}");
        }

        return given is { Length: > 0 } ? given
            : [.. weights.Skip(2).Select(size => size.Value ?? throw ModelException.Unsupported(node, $"weights of the open size '{size}'"))];
    }

    /// <summary>The spatial sizes of the result.</summary>
    private static Shape Windows(Node node, Shape x, long[] kernel, SymbolTable symbols)
    {
        int axes = kernel.Length;
        long[] strides = WindowAxes.Attribute(node, "strides", axes, 1), dilations = WindowAxes.Attribute(node, "dilations", axes, 1), pads = WindowAxes.Attribute(node, "pads", 2 * axes, 0);
        return new Shape([.. kernel.Select((size, axis) => SymbolicMath.Maximum(Dimension.Zero,
            Dimension.FloorDivide(x[axis + 2] + pads[axis] + pads[axis + axes] - ((size - 1) * dilations[axis] + 1), strides[axis]) + 1, symbols))]);
    }
}
