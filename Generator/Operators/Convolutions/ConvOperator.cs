using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Conv in one, two or three dimensions: https://onnx.ai/onnx/operators/onnx__Conv.html. Constant weights are packed at build time, others by a kernel; one kernel
/// a channel where groups, input and output channels are equal. The bias becomes an Add, which the convolution takes into its epilogue. 16-bit
/// floating-point numbers are convolved in float32, float64 by plain loops. Versions 11 and 22 changed defaults' descriptions and added bfloat16.
/// </summary>
internal sealed class ConvOperator : Operator
{
    /// <summary>Output channels of a panel, as the kernel wants them.</summary>
    public const int PanelWidth = 16;

    /// <summary>Output channels of a panel where lanes run along them, as in Winograd's algorithm too.</summary>
    private const long ChannelPanelWidth = 32;

    /// <summary>Transformed weights of a 3×3 kernel.</summary>
    private const long WinogradPoints = 36;

    public static readonly IReadOnlyList<Operator> All = [new ConvOperator()];

    public override string Type => "Conv";

    public override IReadOnlyList<int> Versions => [1, 11, 22];

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        ElementTypeSet.RequireEqual(node, 0, 1);
        WindowAxes.CheckBias(node, node.Input(1).Shape[0], context);
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, ResultShape(node, node.Input(0).Shape, node.Input(1).Shape, context)));
    }

    /// <summary>The result's shape for an input [batch, channels, …] and weights, after checks of both and of the node's attributes.</summary>
    public static Shape ResultShape(Node node, Shape x, Shape weights, InferenceContext context)
    {
        long groups = node.IntegerAttribute("group", 1);
        WindowAxes.CheckRank(node, x);
        if (weights.Rank != x.Rank || groups < 1 || weights[0].Value % groups is not (null or 0) || (x[1] - weights[1] * groups).Value is not (null or 0))
        {
            throw ModelException.Contradiction(node, $"weights of shape {weights} in {groups} groups do not fit the input's shape {x}");
        }

        WindowAxes.CheckKernel(node, weights, context);
        context.RequireEqual(node, x[1], weights[1] * groups, "the channels of input and weights");
        IReadOnlyList<WindowAxis> axes = WindowAxes.Of(node, x, [.. weights.Skip(2)], context.Symbols);
        return new Shape([x[0], weights[0], .. axes.Select(axis => axis.Output)]);
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

    public override EpilogueKind EpilogueKind(Node node) => EpilogueOf(node);

    /// <summary>The loops over float64 take no epilogue.</summary>
    public static EpilogueKind EpilogueOf(Node node) => node.Output.ElementType == ElementType.Float64 ? Lowering.EpilogueKind.None : Lowering.EpilogueKind.Channel;

    public override void Lower(Node node, LoweringContext context)
    {
        Value weights = node.Input(1);
        Shape x = node.Input(0).Shape;
        Dimension groups = node.IntegerAttribute("group", 1);
        bool isDepthwise = groups == x[1] && groups == weights.Shape[0];
        IReadOnlyList<WindowAxis> axes = Axes(node, context.Graph.Symbols);
        if (node.Output.ElementType == ElementType.Float64)
        {
            LowerDouble(node, weights.Shape[0], axes, "Direct", context);
            return;
        }

        FusedEpilogue epilogue = context.Epilogue(node);
        ShuffledChannels? shuffled = isDepthwise ? ShuffledChannels.TryFind(node.Input(0), context) : null;
        View input = shuffled?.Source ?? context.ReadContiguous(node.Input(0));
        Func<KernelWriter, string> shape = writer => $"new ConvolutionShape({KernelText.Int(writer, x[0])}, {KernelText.Int(writer, x[1])}, {KernelText.Int(writer, weights.Shape[0])}, {writer.Size(groups)}, {WindowAxes.Format(writer, axes)})";
        ConvolutionAlgorithm algorithm = isDepthwise ? ConvolutionAlgorithm.Depthwise
            : groups.Value is { } known && context.TryGetWeight(weights) is not null ? ConvolutionChoice.Choose(axes, weights.Shape, known)
            : ConvolutionAlgorithm.Direct;
        View packed = algorithm switch
        {
            ConvolutionAlgorithm.Depthwise => context.ReadContiguous(weights),
            ConvolutionAlgorithm.Winograd => TransformConstant(node, weights, groups.Constant, context),
            ConvolutionAlgorithm.Channels => PackChannels(weights, groups.Constant, context),
            _ => PackConstant(weights, groups.Constant, context) ?? PackAtRunTime(node, weights, groups, "Convolution", context),
        };
        View output = context.Write(epilogue.Output);
        string method = algorithm switch
        {
            ConvolutionAlgorithm.Depthwise => "Convolution.Depthwise",
            ConvolutionAlgorithm.Winograd => "WinogradConvolution.Run",
            ConvolutionAlgorithm.Channels => "ChannelConvolution.Run",
            _ => "Convolution.Direct",
        };
        context.Add(new Kernel("convolution", node, [input, packed, .. epilogue.Inputs], [output], writer =>
        {
            writer.Line($"var shape = {shape(writer)};");
            writer.Line($"{method}(Workers, shape, {writer.Pointer(input)}, {writer.Pointer(packed)}, {writer.Pointer(output)}, {writer.ChannelEpilogue(epilogue)}{(shuffled is null ? "" : $", shuffledGroups: {KernelText.Int(writer, shuffled.Groups)}")});");
        })
        {
            Nodes = [.. shuffled?.Nodes ?? [], .. epilogue.Nodes],
            MultiplyAdds = node.Output.Shape.ElementCount * weights.Shape.Product(1, weights.Shape.Rank),
            Summary = $"{x} ∗ {weights.Shape}{(groups == Dimension.One ? "" : $" in {groups} groups")}{(shuffled is null ? "" : ", channels shuffled")}",
        });
    }

    /// <summary>A convolution of float64, by the method of that name.</summary>
    public static void LowerDouble(Node node, Dimension outputChannels, IReadOnlyList<WindowAxis> axes, string method, LoweringContext context)
    {
        Shape x = node.Input(0).Shape, weights = node.Input(1).Shape;
        View input = context.ReadContiguous(node.Input(0)), filters = context.ReadContiguous(node.Input(1));
        View output = context.Write(node.Output);
        Dimension groups = node.IntegerAttribute("group", 1);
        context.Add(new Kernel("convolution", node, [input, filters], [output], writer =>
        {
            writer.Line($"var shape = new ConvolutionShape({KernelText.Int(writer, x[0])}, {KernelText.Int(writer, x[1])}, {KernelText.Int(writer, outputChannels)}, {writer.Size(groups)}, {WindowAxes.Format(writer, axes)});");
            writer.Line($"DoubleConvolution.{method}(Workers, shape, {writer.Pointer(input)}, {writer.Pointer(filters)}, {writer.Pointer(output)});");
        })
        {
            MultiplyAdds = (method == "Direct" ? node.Output.Shape : x).ElementCount * weights.Product(1, weights.Rank),
            Summary = $"double {x} ∗ {weights}",
        });
    }

    /// <summary>Packs weights that are not known at build time into scratch memory.</summary>
    public static View PackAtRunTime(Node node, Value weights, Dimension groups, string type, LoweringContext context)
    {
        View from = context.ReadContiguous(weights);
        // A transposed convolution's weights have the output channels of a group on their second axis.
        bool isTransposed = type == "ConvolutionTranspose";
        Dimension outputs = isTransposed ? weights.Shape[1] : Dimension.FloorDivide(weights.Shape[0], groups);
        Dimension inputs = isTransposed ? Dimension.FloorDivide(weights.Shape[0], groups) : weights.Shape[1];
        Dimension count = groups * Dimension.CeilingDivide(outputs, PanelWidth) * inputs * weights.Shape.Product(2, weights.Shape.Rank) * PanelWidth;
        View packed = context.Scratch(node, ElementType.Float32, new Shape([count]));
        context.Add(new Kernel("pack", node, [from], [packed], writer =>
        {
            // Packing reads the weights' sizes alone, so that it can run before an input's sizes are known.
            Dimension inputChannels = inputs * groups;
            Dimension outputChannels = outputs * groups;
            WindowAxis[] window = [.. weights.Shape.Skip(2).Select(size => new WindowAxis(size, Dimension.One, size, 1, 1, Dimension.Zero, Dimension.Zero))];
            writer.Line($"var shape = new ConvolutionShape(1, {KernelText.Int(writer, inputChannels)}, {KernelText.Int(writer, outputChannels)}, {writer.Size(groups)}, {WindowAxes.Format(writer, window)});");
            writer.Line($"{type}.PackWeights(shape, {writer.Pointer(from)}, {writer.Pointer(packed)});");
        }));
        return packed;
    }

    /// <summary>Transforms weights for Winograd's algorithm at load: four times as large, they are not worth storing.</summary>
    private static View TransformConstant(Node node, Value weights, long groups, LoweringContext context)
    {
        View from = context.ReadContiguous(weights);
        long outputs = weights.Shape[0].Constant;
        long inputs = weights.Shape[1].Constant;
        long panels = ((outputs / groups) + ChannelPanelWidth - 1) / ChannelPanelWidth;
        View transformed = context.Scratch(node, ElementType.Float32, new Shape([groups * WinogradPoints * panels * inputs * ChannelPanelWidth]));
        context.Add(new Kernel("pack", node, [from], [transformed], writer =>
        {
            writer.Line($"var shape = new ConvolutionShape(1, {inputs * groups}, {outputs}, {groups}, SpatialAxis.Single, new SpatialAxis(3, 1, 3), new SpatialAxis(3, 1, 3));");
            writer.Line($"WinogradConvolution.PackWeights(Workers, shape, {writer.Pointer(from)}, {writer.Pointer(transformed)});");
        })
        { Summary = $"weights {weights.Shape} of {weights.Name}, transformed" });
        return transformed;
    }

    /// <summary>Panels of 32 output channels, each [tap][input channel][32].</summary>
    private static View PackChannels(Value weights, long groups, LoweringContext context)
    {
        WeightExpression expression = context.TryGetWeight(weights)!;
        long outputs = expression.Shape[0] / groups;
        long inputs = expression.Shape[1];
        long taps = expression.Count / Math.Max(1, expression.Shape[0] * inputs);
        var byTaps = new WeightTranspose(new WeightReshape(expression, [groups, outputs, inputs, taps]), [0, 3, 2, 1]);
        return context.AddWeight($"{weights.Name} (channel panels)", new WeightPanels(new WeightReshape(byTaps, [groups, taps * inputs, outputs]), (int)ChannelPanelWidth));
    }

    private static View? PackConstant(Value weights, long groups, LoweringContext context)
    {
        if (context.TryGetWeight(weights) is not { } expression)
        {
            return null;
        }

        long outputs = expression.Shape[0] / groups;
        long length = expression.Count / Math.Max(1, expression.Shape[0]);
        var rows = new WeightTranspose(new WeightReshape(expression, [groups, outputs, length]), [0, 2, 1]);
        return context.AddWeight($"{weights.Name} (panels)", new WeightPanels(rows, PanelWidth));
    }

    private static IReadOnlyList<WindowAxis> Axes(Node node, SymbolTable symbols) => WindowAxes.Of(node, [.. node.Input(1).Shape.Skip(2)], symbols);
}
