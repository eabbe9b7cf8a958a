using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// MaxPool, AveragePool and LpPool in one, two or three dimensions: https://onnx.ai/onnx/operators/onnx__MaxPool.html and so on. MaxPool's indices (version 8) count
/// row by row, or column by column with <c>storage_order</c> 1; <c>ceil_mode</c> and dilations come with version 10 (AveragePool's dilations with 19), <c>count_include_pad</c> with AveragePool 7. LpPool becomes powers
/// and an average. Computed in float32, or in float64 where the numbers are; of integers, MaxPool takes 8-bit ones.
/// </summary>
internal sealed class PoolOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new PoolOperators("MaxPool", [1, 8, 10, 11, 12, 22]),
        new PoolOperators("AveragePool", [1, 7, 10, 11, 19, 22]),
        new PoolOperators("LpPool", [1, 2, 11, 18, 22]),
    ];

    private PoolOperators(string type, int[] versions)
    {
        Type = type;
        Versions = versions;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    public override void Infer(Node node, InferenceContext context)
    {
        if (!IsByteMaximum(node))
        {
            ElementTypeSet.Floating.Require(node, 0);
        }

        Shape shape = ResultShape(node, node.Input(0).Shape, context.Symbols);
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, shape));
        if (node.OptionalOutput(1) is { } indices)
        {
            context.SetType(indices, new TensorType(ElementType.Int64, shape));
        }
    }

    public override bool Expand(Node node, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value x = node.Input(0);
        if (Type == "LpPool")
        {
            context.Replace(node.Output, formula.Cast(LpPool(node, formula, context, formula.Widen(x)), x.ElementType));
            return true;
        }

        if (x.ElementType is not (ElementType.Float16 or ElementType.BFloat16) && !IsByteMaximum(node))
        {
            return false;
        }

        Node wide = context.AddCopy(node, formula.Cast(x, ElementType.Float32));
        context.Replace(node.Output, formula.Cast(wide.Output, x.ElementType));
        if (node.OptionalOutput(1) is { } indices)
        {
            context.Replace(indices, wide.OptionalOutput(1)!);
        }

        return true;
    }

    // Indices are a second result, which a group of nodes must not have.
    public override EpilogueKind EpilogueKind(Node node) =>
        node.Output.ElementType == ElementType.Float32 && node.OptionalOutput(1) is null ? Lowering.EpilogueKind.Channel : Lowering.EpilogueKind.None;

    public override void Lower(Node node, LoweringContext context)
    {
        Shape x = node.Input(0).Shape;
        IReadOnlyList<WindowAxis> axes = Axes(node, context.Graph.Symbols);
        FusedEpilogue epilogue = EpilogueKind(node) == Lowering.EpilogueKind.None ? new FusedEpilogue(node.Output, null, [], node.Origins) : context.Epilogue(node);
        View input = context.ReadContiguous(node.Input(0));
        View output = context.Write(epilogue.Output);
        View? indices = node.OptionalOutput(1) is { } second ? context.Write(second) : null;
        context.Add(new Kernel("pool", node, [input, .. epilogue.Inputs], indices is null ? [output] : [output, indices], writer =>
        {
            writer.Line($"var shape = new PoolingShape({KernelText.Int(writer, x[0])}, {KernelText.Int(writer, x[1])}, {WindowAxes.Format(writer, axes)});");
            string pointers = $"{writer.Pointer(input)}, {writer.Pointer(output)}";
            string last = writer.ChannelEpilogue(epilogue);
            bool isDouble = node.Output.ElementType == ElementType.Float64;
            bool isColumnMajor = node.IntegerAttribute("storage_order", 0) != 0;
            bool includesPadding = node.IntegerAttribute("count_include_pad", 0) != 0;
            writer.Line(isDouble ? $"DoublePooling.{(Type == "MaxPool" ? "Maximum" : "Average")}(Workers, shape, {pointers}, {(Type != "MaxPool" ? KernelText.Boolean(includesPadding) : $"{(indices is null ? "null" : writer.Pointer(indices))}, {KernelText.Boolean(isColumnMajor)}")});"
                : indices is not null ? $"Pooling.MaxWithIndices(Workers, shape, {pointers}, {writer.Pointer(indices)}, {last}, {KernelText.Boolean(isColumnMajor)});"
                : Type == "MaxPool" ? $"Pooling.Max(Workers, shape, {pointers}, {last});"
                : $"Pooling.Average(Workers, shape, {KernelText.Boolean(includesPadding)}, {pointers}, {last});");
        })
        {
            Nodes = epilogue.Nodes,
            Summary = $"{x} → {node.Output.Shape}",
        });
    }

    /// <summary>MaxPool of 8-bit integers (version 12), as quantised models have it: float32 holds them exactly.</summary>
    private static bool IsByteMaximum(Node node) => node.Type == "MaxPool" && node.Version >= 12 && node.Input(0).ElementType is ElementType.Int8 or ElementType.UInt8;

    /// <summary>The result's shape for an input [batch, channels, …] and the node's attributes.</summary>
    public static Shape ResultShape(Node node, Shape x, SymbolTable symbols) => new([x[0], x[1], .. Axes(node, x, symbols).Select(axis => axis.Output)]);

    private static IReadOnlyList<WindowAxis> Axes(Node node, SymbolTable symbols) => Axes(node, node.Input(0).Shape, symbols);

    /// <summary>The windows over an input of the given shape.</summary>
    public static IReadOnlyList<WindowAxis> Axes(Node node, Shape x, SymbolTable symbols)
    {
        WindowAxes.CheckRank(node, x);
        int axes = x.Rank - 2;
        long[] kernel = node.IntegersAttribute("kernel_shape") ?? throw new ModelException(node, "attribute 'kernel_shape' is missing");
        if (kernel.Length != axes || kernel.Any(size => size < 1))
        {
            throw new ModelException(node, $"attribute 'kernel_shape' is [{string.Join(", ", kernel)}]; {axes} sizes of at least 1 are expected");
        }

        return WindowAxes.Of(node, x, [.. kernel.Select(Dimension.Of)], symbols);
    }

    /// <summary>The p-norm of a window: the mean of powers, zeros of the padding included, times their number.</summary>
    private static Value LpPool(Node node, Formula formula, ExpansionContext context, Value x)
    {
        double p = node.Version < 2 ? node.FloatAttribute("p", 2) : node.IntegerAttribute("p", 2);
        Value powers = p == 2 ? formula.Multiply(x, x) : p == 1 ? formula.Apply("Abs", x) : context.Add("Pow", formula.Apply("Abs", x), formula.Number(p, x));
        long[] kernel = node.IntegersAttribute("kernel_shape")!;
        (string, object)[] attributes =
        [
            ("count_include_pad", 1L),
            .. node.Attributes.Values.Where(attribute => attribute.Name is not "p").Select(attribute => (attribute.Name, attribute.Value)),
        ];
        if (node.IntegerAttribute("ceil_mode", 0) != 0)
        {
            // Windows may end behind the padding, where an average would count fewer elements: all that windows cover is written out.
            IReadOnlyList<WindowAxis> axes = Axes(node, context.Graph.Symbols);
            Dimension[] none = [Dimension.Zero, Dimension.Zero];
            powers = context.Add("Pad", powers, context.Sizes([.. none, .. axes.Select(axis => axis.PadBegin), .. none,
                .. axes.Select(axis => ((axis.Output - 1) * axis.Stride) + ((axis.Kernel - 1) * axis.Dilation) + 1 - axis.Input - axis.PadBegin)]));
            attributes = [.. attributes.Where(attribute => attribute.Item1 is not ("ceil_mode" or "pads" or "auto_pad"))];
        }

        Value mean = context.Add("AveragePool", attributes, powers);
        Value sum = formula.Multiply(mean, formula.Number(kernel.Aggregate(1L, (product, size) => product * size), x));
        return p == 2 ? formula.Apply("Sqrt", sum) : p == 1 ? sum : context.Add("Pow", sum, formula.Number(1 / p, x));
    }
}
