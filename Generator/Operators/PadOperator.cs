using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Pad: https://onnx.ai/onnx/operators/onnx__Pad.html. Modes constant, reflect, edge and (from version 19 on) wrap; negative pads cut. Pads are attributes before version 11
/// (<c>paddings</c> in version 1) and an input from then on, known at build time as expressions over sizes; version 18 added the list of axes. The constant may be a value of the run.
/// </summary>
internal sealed class PadOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new PadOperator()];

    public override string Type => "Pad";

    public override IReadOnlyList<int> Versions => [1, 2, 11, 13, 18, 19, 21, 23, 24, 25];

    public override void Infer(Node node, InferenceContext context)
    {
        Value data = node.Input(0);
        ElementTypeSet.Movable.Require(node, 0);
        (Dimension[] before, Dimension[] after) = Pads(node);
        _ = Mode(node);
        var shape = new Shape([.. data.Shape.Select((size, axis) => before[axis] + size + after[axis])]);
        if (shape.FirstOrDefault(size => size.Value < 0) is { } negative)
        {
            throw new ModelException(node, $"{data.Shape} is cut to the size {negative}");
        }

        if (node.OptionalInput(2) is { } value && value.ElementType != data.ElementType)
        {
            throw new ModelException(node, $"the constant is {value.Type} and the data are {data.Type}");
        }

        context.SetType(node.Output, new TensorType(data.ElementType, shape));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        (Dimension[] before, _) = Pads(node);
        if (from.Rank == 0 || before.All(size => size == Dimension.Zero) && from.Shape.Equals(node.Output.Shape))
        {
            context.SetView(node.Output, from);
            return;
        }

        View? value = node.OptionalInput(2) is { } given ? context.ReadContiguous(given) : null;
        View to = context.Write(node.Output);
        string type = node.Output.ElementType.Bytes() switch { 1 => "byte", 2 => "ushort", 4 => "uint", _ => "ulong" };
        context.Add(new Kernel("pad", node, value is null ? [from] : [from, value], [to], writer => writer.Line(
            $"Padding.Run(Workers, ({type}*)({writer.Pointer(from)}), {KernelText.Sizes(writer, from.Shape)}, {KernelText.Sizes(writer, before)}, {KernelText.Sizes(writer, to.Shape)}, " +
            $"PaddingMode.{Mode(node)}, {Constant(node, value, type, writer)}, ({type}*)({writer.Pointer(to)}), {KernelText.Name(node)});"))
        {
            Summary = $"{from.Shape} to {to.Shape}, {Mode(node)}",
        });
    }

    private static string Constant(Node node, View? value, string type, KernelWriter writer)
    {
        if (value is not null)
        {
            return $"*({type}*)({writer.Pointer(value)})";
        }

        byte[] bytes = ((InlineConstant)Folding.ScalarConstant(node.Version < 11 ? node.FloatAttribute("value", 0) : 0, node.Output.ElementType)).Data;
        ulong bits = 0;
        for (int index = bytes.Length - 1; index >= 0; index--)
        {
            bits = (bits << 8) | bytes[index];
        }

        return $"({type}){bits.ToString(System.Globalization.CultureInfo.InvariantCulture)}";
    }

    private static string Mode(Node node) => node.StringAttribute("mode", "constant") switch
    {
        "constant" => "Constant",
        "reflect" => "Reflect",
        "edge" => "Edge",
        "wrap" when node.Version >= 19 => "Wrap",
        { } other => throw new ModelException(node, $"mode '{other}' does not exist in opset {node.Version}"),
    };

    /// <summary>What is put before and behind each axis.</summary>
    private static (Dimension[] Before, Dimension[] After) Pads(Node node)
    {
        int rank = node.Input(0).Shape.Rank;
        IReadOnlyList<Dimension> pads = node.Version >= 11
            ? node.Input(1).Elements ?? throw ModelException.Unsupported(node, $"the pads (input 1, '{node.Input(1).Name}') are computed at run time from data")
            : [.. (node.IntegersAttribute("pads") ?? node.IntegersAttribute("paddings") ?? throw new ModelException(node, "attribute 'pads' is missing")).Select(Dimension.Of)];
        int[] axes = node.OptionalInput(3) is not { } list
            ? [.. Enumerable.Range(0, rank)]
            : [.. (list.Elements ?? throw ModelException.Unsupported(node, $"the axes (input 3, '{list.Name}') are computed at run time from data"))
                .Select(axis => ShapeMath.Axis(node, axis.Value ?? throw ModelException.Unsupported(node, "the axes depend on sizes"), rank))];
        if (pads.Count != 2 * axes.Length || axes.Distinct().Count() != axes.Length)
        {
            throw new ModelException(node, $"there are {pads.Count} pads for {axes.Length} axes");
        }

        Dimension[] before = [.. Enumerable.Repeat(Dimension.Zero, rank)];
        Dimension[] after = [.. before];
        for (int index = 0; index < axes.Length; index++)
        {
            before[axes[index]] = pads[index];
            after[axes[index]] = pads[index + axes.Length];
        }

        return (before, after);
    }
}
