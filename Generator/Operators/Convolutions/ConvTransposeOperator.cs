using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// ConvTranspose in one, two or three dimensions: https://onnx.ai/onnx/operators/onnx__ConvTranspose.html. <c>output_shape</c> decides the padding; <c>auto_pad</c>
/// SAME makes the output <c>stride</c> times the input; version 11 changed which side gets the odd element. Bias and element types as for Conv.
/// </summary>
internal sealed class ConvTransposeOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new ConvTransposeOperator()];

    public override string Type => "ConvTranspose";

    public override IReadOnlyList<int> Versions => [1, 11, 22];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        ElementTypeSet.RequireEqual(node, 0, 1);
        Shape x = node.Input(0).Shape;
        Shape weights = node.Input(1).Shape;
        long groups = node.IntegerAttribute("group", 1);
        WindowAxes.CheckRank(node, x);
        if (weights.Rank != x.Rank || groups < 1 || (x[1] - weights[0]).Value is not (null or 0) || weights[0].Value % groups is not (null or 0))
        {
            throw ModelException.Contradiction(node, $"weights of shape {weights} in {groups} groups do not fit the input's shape {x}");
        }

        WindowAxes.CheckKernel(node, weights, context);
        context.RequireEqual(node, x[1], weights[0], "the channels of input and weights");
        WindowAxes.CheckBias(node, weights[1] * groups, context);
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape([x[0], weights[1] * groups, .. Axes(node).Select(axis => axis.Output)])));
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        bool isNarrow = node.Output.ElementType is ElementType.Float16 or ElementType.BFloat16;
        if (!isNarrow && node.OptionalInput(2) is null)
        {
            return false;
        }

        Value result = context.AddLike(node, formula.Widen(node.Input(0)), formula.Widen(node.Input(1)));
        if (node.OptionalInput(2) is { } bias)
        {
            result = formula.Add(result, formula.AlongAxis(formula.Widen(bias), 1, result.Shape.Rank));
        }

        context.Replace(node.Output, formula.Cast(result, node.Output.ElementType));
        return true;
    }

    public override EpilogueKind EpilogueKind(Node node) => ConvOperator.EpilogueOf(node);

    public override void Lower(Node node, LoweringContext context)
    {
        Value weights = node.Input(1);
        Shape x = node.Input(0).Shape;
        Dimension groups = node.IntegerAttribute("group", 1);
        IReadOnlyList<WindowAxis> axes = Axes(node);
        if (node.Output.ElementType == ElementType.Float64)
        {
            ConvOperator.LowerDouble(node, weights.Shape[1] * groups, axes, "Transposed", context);
            return;
        }

        FusedEpilogue epilogue = context.Epilogue(node);
        View input = context.ReadContiguous(node.Input(0));
        Func<KernelWriter, string> shape = writer => $"new ConvolutionShape({KernelText.Int(writer, x[0])}, {KernelText.Int(writer, x[1])}, {KernelText.Int(writer, weights.Shape[1] * groups)}, {writer.Size(groups)}, {WindowAxes.Format(writer, axes)})";
        View packed = PackConstant(weights, groups.Constant, context) ?? ConvOperator.PackAtRunTime(node, weights, groups, "ConvolutionTranspose", context);
        View output = context.Write(epilogue.Output);
        context.Add(new Kernel("convolution", node, [input, packed, .. epilogue.Inputs], [output], writer =>
        {
            writer.Line($"var shape = {shape(writer)};");
            writer.Line($"ConvolutionTranspose.Direct(Workers, shape, {writer.Pointer(input)}, {writer.Pointer(packed)}, {writer.Pointer(output)}, {writer.ChannelEpilogue(epilogue)});");
        })
        {
            Nodes = epilogue.Nodes,
            MultiplyAdds = x.ElementCount * weights.Shape.Product(1, weights.Shape.Rank),
            Summary = $"{x} ∗ᵀ {weights.Shape}",
        });
    }

    private static View? PackConstant(Value weights, long groups, LoweringContext context)
    {
        if (context.TryGetWeight(weights) is not { } expression)
        {
            return null;
        }

        long inputs = expression.Shape[0] / groups;
        long outputs = expression.Shape[1];
        long taps = expression.Shape.Skip(2).Aggregate(1L, (product, size) => product * size);
        // [groups, inputs, outputs, taps] → [groups, inputs, taps, outputs]: rows of the panels run over inputs and taps.
        var ordered = new WeightTranspose(new WeightReshape(expression, [groups, inputs, outputs, taps]), [0, 1, 3, 2]);
        return context.AddWeight($"{weights.Name} (panels)", new WeightPanels(new WeightReshape(ordered, [groups, inputs * taps, outputs]), ConvOperator.PanelWidth));
    }

    /// <summary>The windows: inputs and outputs are those of this operator, so that a convolution with the same windows goes from its outputs to its inputs.</summary>
    public static IReadOnlyList<WindowAxis> Axes(Node node)
    {
        Shape shape = node.Input(0).Shape;
        Shape weights = node.Input(1).Shape;
        int axes = shape.Rank - 2;
        long[] strides = WindowAxes.Attribute(node, "strides", axes, 1);
        long[] dilations = WindowAxes.Attribute(node, "dilations", axes, 1);
        long[] pads = WindowAxes.Attribute(node, "pads", 2 * axes, 0);
        long[] extra = WindowAxes.Attribute(node, "output_padding", axes, 0);
        long[]? given = node.IntegersAttribute("output_shape");
        string mode = node.StringAttribute("auto_pad", "NOTSET");
        var result = new WindowAxis[axes];
        for (int axis = 0; axis < axes; axis++)
        {
            Dimension input = shape[axis + 2];
            Dimension kernel = weights[axis + 2];
            Dimension full = (input - 1) * strides[axis] + (kernel - 1) * dilations[axis] + 1 + extra[axis];
            // Some exporters write batch and channels into output_shape too.
            Dimension? output = given is not null ? given[given.Length - axes + axis] : mode is "SAME_UPPER" or "SAME_LOWER" ? input * strides[axis] : null;
            Dimension begin = mode == "VALID" ? 0 : pads[axis];
            Dimension end = mode == "VALID" ? 0 : pads[axis + axes];
            if (output is not null)
            {
                Dimension total = Dimension.Maximum(full - output, Dimension.Zero);
                Dimension half = Dimension.FloorDivide(total, 2);
                begin = mode == "SAME_UPPER" ? half : total - half;
                end = total - begin;
            }

            result[axis] = new WindowAxis(input, output ?? (full - begin - end), kernel, strides[axis], dilations[axis], begin, end);
        }

        return result;
    }
}
