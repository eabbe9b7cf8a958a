using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// MaxUnpool: https://onnx.ai/onnx/operators/onnx__MaxUnpool.html. Puts maxima back at the indices that MaxPool gave. Indices count in what kernel, strides and pads say was pooled; an
/// <c>output_shape</c>, which may be an input of the run, has to be at least as large and has zeros behind it. Floating-point numbers.
/// </summary>
internal sealed class MaxUnpoolOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new MaxUnpoolOperator()];

    public override string Type => "MaxUnpool";

    public override IReadOnlyList<int> Versions => [9, 11, 22];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        SpatialText.RequireType(node, 1, ElementType.Int64);
        Shape x = node.Input(0).Shape;
        SpatialText.RequireRank(node, 1, x.Rank, "the indices");
        for (int axis = 0; axis < x.Rank; axis++)
        {
            SpatialText.RequireEqual(node, context, node.Input(1).Shape[axis], x[axis], $"the sizes of the indices and of the maxima in axis {axis}");
        }

        Shape pooled = Pooled(node), result = pooled;
        if (node.OptionalInput(2) is not null)
        {
            SpatialText.RequireType(node, 2, ElementType.Int64);
            result = new Shape([.. context.RequiredElements(node, 2, "the output's shape")]);
            if (result.Rank != x.Rank || result.Where((size, axis) => (size - pooled[axis]).Value < 0).Any())
            {
                throw new ModelException(node, $"an output of shape {result} does not hold what was pooled, {pooled}");
            }

            SpatialText.RequireEqual(node, context, result[0], x[0], "the batches of the output and of the maxima");
            SpatialText.RequireEqual(node, context, result[1], x[1], "the channels of the output and of the maxima");
        }

        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, result));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View input = context.ReadContiguous(node.Input(0));
        View indices = context.ReadContiguous(node.Input(1));
        View output = context.Write(node.Output);
        Shape pooled = Pooled(node);
        string bits = output.ElementType.Bytes() switch { 2 => "ushort", 4 => "uint", _ => "ulong" };
        context.Add(new Kernel("unpool", node, [input, indices], [output], writer => writer.Line(
            $"MaximumUnpooling.Run(({bits}*)({writer.Pointer(input)}), {writer.Pointer(indices)}, {writer.Size(input.Shape.ElementCount)}, {KernelText.Sizes(writer, pooled)}, " +
            $"{KernelText.Sizes(writer, output.Shape)}, ({bits}*)({writer.Pointer(output)}), {KernelText.Name(node)});"))
        {
            Summary = $"{input.Shape} → {output.Shape}",
        });
    }

    /// <summary>The shape that was pooled.</summary>
    private static Shape Pooled(Node node)
    {
        Shape x = node.Input(0).Shape;
        int axes = x.Rank - 2;
        long[] kernel = node.IntegersAttribute("kernel_shape") ?? throw new ModelException(node, "attribute 'kernel_shape' is missing");
        if (axes < 1 || kernel.Length != axes || kernel.Any(size => size < 1))
        {
            throw new ModelException(node, $"attribute 'kernel_shape' is [{string.Join(", ", kernel)}] for maxima of shape {x}");
        }

        long[] strides = WindowAxes.Attribute(node, "strides", axes, 1), pads = WindowAxes.Attribute(node, "pads", 2 * axes, 0);
        var shape = new Shape([x[0], x[1], .. kernel.Select((size, axis) => (x[axis + 2] - 1) * strides[axis] - pads[axis] - pads[axis + axes] + size)]);
        return shape.Any(size => size.Value < 0) ? throw new ModelException(node, $"what was pooled would have the shape {shape}") : shape;
    }
}
