using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// cameo.IntegerConv: a convolution of 8-bit integers with Conv's attributes; the sums as int32 or (attribute <c>to</c>) as float32. QLinearConv, ConvInteger and Q/DQ pairs
/// around Conv end here. Inputs: 0 x int8 or uint8; 1 weights int8 or uint8; 2 zero point of x; 3 zero point of the weights: one, or one an output channel.
/// </summary>
internal sealed class IntegerConvOperator : Operator
{
    public const string Name = OperatorRegistry.InternalDomain + ".IntegerConv";

    public static readonly IReadOnlyList<Operator> All = [new IntegerConvOperator()];

    public override string Domain => OperatorRegistry.InternalDomain;

    public override string Type => "IntegerConv";

    public override IReadOnlyList<int> Versions => [1];

    /// <summary>Writes the convolution with the attributes of a node that has Conv's; <paramref name="type"/> is int32 or float32.</summary>
    public static Value Write(ExpansionContext context, Node like, ElementType type, Value x, Value weights, Value? zeroX, Value? zeroWeights) =>
        context.Add(Name, [.. ConvAttributes(like), ("to", (object)(long)type)], x, weights, zeroX, zeroWeights);

    public override void Infer(Node node, InferenceContext context) =>
        context.SetType(node.Output, new TensorType((ElementType)node.IntegerAttribute("to", (long)ElementType.Int32), ConvOperator.ResultShape(node, node.Input(0).Shape, node.Input(1).Shape, context)));

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (ByteWeights.IsSupported(node, node.Input(1).Shape[0]) && node.OptionalInput(2) is not { Shape.ElementCount.Value: not 1 })
        {
            return false;
        }

        var formula = new Formula(context);
        Value x = formula.Cast(node.Input(0), ElementType.Float32);
        Value weights = formula.Cast(node.Input(1), ElementType.Float32);
        if (node.OptionalInput(2) is { } zeroX)
        {
            x = formula.Subtract(x, LinearQuantization.Scalar(formula, formula.Cast(zeroX, ElementType.Float32)));
        }

        if (node.OptionalInput(3) is { } zeroWeights)
        {
            Value zero = LinearQuantization.Scalar(formula, formula.Cast(zeroWeights, ElementType.Float32));
            weights = formula.Subtract(weights, zero.Shape.Rank == 0 ? zero : formula.AlongAxis(zero, 0, weights.Shape.Rank));
        }

        context.Replace(node.Output, formula.Cast(context.Add("Conv", [.. ConvAttributes(node)], x, weights), node.Output.ElementType));
        return true;
    }

    public override EpilogueKind EpilogueKind(Node node) => node.Output.ElementType == ElementType.Float32 ? Lowering.EpilogueKind.Channel : Lowering.EpilogueKind.None;

    public override bool StoresNarrow(Node node) => true;

    public override void Lower(Node node, LoweringContext context)
    {
        FusedEpilogue epilogue = EpilogueKind(node) == Lowering.EpilogueKind.None ? new FusedEpilogue(node.Output, null, [], node.Origins) : context.Epilogue(node);
        Value filters = node.Input(1);
        Shape x = node.Input(0).Shape;
        long outputs = filters.Shape[0].Constant;
        long groups = node.IntegerAttribute("group", 1);
        bool isDepthwise = groups == x[1].Value && groups == outputs;
        IReadOnlyList<WindowAxis> axes = WindowAxes.Of(node, [.. filters.Shape.Skip(2)], context.Graph.Symbols);
        var weights = new ByteWeights(node, context);
        View input = context.ReadContiguous(node.Input(0));
        View[] packed = isDepthwise ? [context.AddWeight(filters.Name, weights.Signed())] : Pack(weights, groups, outputs, filters.Shape.ElementCount.Constant / outputs);
        View? zeros = weights.ZeroPoints(outputs, ConvOperator.PanelWidth);
        View? zeroInput = weights.LeftZeroPoint();
        View output = context.Write(epilogue.Output);
        View[] optional = [.. new[] { zeros, zeroInput }.OfType<View>()];
        context.Add(new Kernel("integer convolution", node, [input, .. packed, .. optional, .. epilogue.Inputs], [output], writer =>
        {
            string Pointer(View? view) => view is null ? "null" : writer.Pointer(view);
            writer.Line($"var shape = new ConvolutionShape({KernelText.Int(writer, x[0])}, {KernelText.Int(writer, x[1])}, {outputs}, {groups}, {WindowAxes.Format(writer, axes)});");
            writer.Line($"IntegerConvolution.{(isDepthwise ? "Depthwise" : "Direct")}(Workers, shape, {writer.Pointer(input)}, {Pointer(zeroInput)}, {string.Join(", ", packed.Select(writer.Pointer))}, {Pointer(zeros)}, " +
                $"{writer.Pointer(output)}, {writer.ChannelEpilogue(epilogue)});");
        })
        {
            Nodes = epilogue.Nodes,
            MultiplyAdds = node.Output.Shape.ElementCount * filters.Shape.Product(1, filters.Shape.Rank),
            Summary = $"{node.Input(0).ElementType.OnnxName()} {x} ∗ {filters.ElementType.OnnxName()} {filters.Shape}{(groups == 1 ? "" : $" in {groups} groups")}",
        });
    }

    /// <summary>Words of each group's channels, and their sums.</summary>
    private static View[] Pack(ByteWeights weights, long groups, long outputs, long depth)
    {
        long columns = outputs / groups;
        var matrices = new WeightTranspose(new WeightReshape(weights.Signed(), [groups, columns, depth]), [0, 2, 1]);
        View words = weights.Words(matrices, ConvOperator.PanelWidth);
        return [words, weights.Sums(words, groups, columns, depth, ConvOperator.PanelWidth)];
    }

    private static IEnumerable<(string, object)> ConvAttributes(Node node) => node.Attributes.Values
        .Where(attribute => attribute.Name is "auto_pad" or "dilations" or "group" or "kernel_shape" or "pads" or "strides")
        .Select(attribute => (attribute.Name, attribute.Value));
}
