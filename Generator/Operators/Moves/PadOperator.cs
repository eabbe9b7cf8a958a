using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Pad: https://onnx.ai/onnx/operators/onnx__Pad.html. Modes constant, reflect, edge and (from version 19 on) wrap; negative pads cut. Pads are attributes before version 11
/// (<c>paddings</c> in version 1) and an input from then on; version 18 added the list of axes. Both are expressions over sizes and the elements of small integer inputs. The constant may be a value of the run.
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
        (Dimension[] before, Dimension[] after) = Pads(node, context.Symbols);
        if (Axes(node) is { } axes && axes.Any(axis => !axis.IsStatic))
        {
            OpenAxes.RequireDistinct(node, axes, data.Shape.Rank, context);
        }

        _ = Mode(node);
        var shape = new Shape([.. data.Shape.Select((size, axis) => before[axis] + size + after[axis])]);
        if (shape.FirstOrDefault(size => size.Value < 0) is { } negative)
        {
            throw new ModelException(node, $"{data.Shape} is cut to the size {negative}");
        }

        context.RequireSizes(node, shape);
        if (node.OptionalInput(2) is { } value && value.ElementType != data.ElementType)
        {
            throw new ModelException(node, $"the constant is {value.Type} and the data are {data.Type}");
        }

        context.SetType(node.Output, new TensorType(data.ElementType, shape));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        (Dimension[] before, _) = Pads(node, context.Graph.Symbols);
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

        if (!Folding.IsSupported(node.Output.ElementType) && (node.Output.ElementType != ElementType.Float8E8M0 || Mode(node) != "Constant"))
        {
            // 0 has no bits in any of the types of 8 bits and less, but one that has no 0; other modes put no constant anywhere.
            return $"({type})0";
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
    private static (Dimension[] Before, Dimension[] After) Pads(Node node, SymbolTable symbols)
    {
        int rank = node.Input(0).Shape.Rank;
        IReadOnlyList<Dimension> pads = node.Version >= 11
            ? node.Input(1).Elements ?? throw ModelException.Unsupported(node, $"the pads (input 1, '{node.Input(1).Name}') are computed at run time from data")
            : [.. (node.IntegersAttribute("pads") ?? node.IntegersAttribute("paddings") ?? throw new ModelException(node, "attribute 'pads' is missing")).Select(Dimension.Of)];
        IReadOnlyList<Dimension> axes = Axes(node) ?? [.. Enumerable.Range(0, rank).Select(axis => Dimension.Of(axis))];
        if (pads.Count != 2 * axes.Count)
        {
            throw new ModelException(node, $"there are {pads.Count} pads for {axes.Count} axes");
        }

        Dimension[] before = [.. Enumerable.Repeat(Dimension.Zero, rank)];
        Dimension[] after = [.. before];
        if (axes.Any(axis => !axis.IsStatic))
        {
            return (OpenAxes.Spread([.. pads.Take(axes.Count)], axes, before, symbols), OpenAxes.Spread([.. pads.Skip(axes.Count)], axes, after, symbols));
        }

        int[] known = [.. axes.Select(axis => ShapeMath.Axis(node, axis.Constant, rank))];
        if (known.Distinct().Count() != known.Length)
        {
            throw new ModelException(node, $"the axes {string.Join(", ", known)} are not all different");
        }

        for (int index = 0; index < known.Length; index++)
        {
            before[known[index]] = pads[index];
            after[known[index]] = pads[index + known.Length];
        }

        return (before, after);
    }

    private static IReadOnlyList<Dimension>? Axes(Node node) => node.OptionalInput(3) is not { } list ? null
        : list.Elements ?? throw ModelException.Unsupported(node, $"the axes (input 3, '{list.Name}') are computed at run time from data");
}
