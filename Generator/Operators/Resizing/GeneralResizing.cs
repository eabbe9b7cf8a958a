using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Resize in all its forms through one library kernel. Scales and sizes may be data of the run; where the result's shape does not follow from what is known, it is what the model
/// declares, and each run checks that it is right, or else what the run tells.
/// </summary>
internal static class GeneralResizing
{
    public static Shape ResultShape(Node node, ResizeOperators known, InferenceContext context)
    {
        Shape from = node.Input(0).Shape;
        if (known.SizeInput(node) is { Elements: null })
        {
            throw ModelException.Unsupported(node, "the sizes are computed at run time from data");
        }

        bool stretches = Policy(node) == "Stretch";
        bool isKnown = known.SizeInput(node) is not null ? stretches : known.ScaleInput(node) is not { Constant: not InlineConstant };
        Shape? shape = isKnown ? known.Target(node).Shape : known.SizeInput(node) is { } sizes ? PolicyShape(node, from, sizes.Elements!) : null;
        return shape ?? (node.Output.DeclaredType is { } declared && declared.Rank == from.Rank && declared.Shape.IsStatic
            ? declared.Shape
            : new Shape([.. from.Select((size, axis) => Axes(node, from).Contains(axis) ? context.DataSize(node, $"axis {axis}") : size)]));
    }

    public static void Lower(Node node, ResizeOperators known, LoweringContext context)
    {
        if (node.Output.ElementType.CSharpName() is not { } element || node.Output.ElementType == ElementType.BFloat16)
        {
            throw ModelException.Unsupported(node, $"elements of type {node.Output.ElementType.OnnxName()} are not supported");
        }

        string mode = node.StringAttribute("mode", "nearest") switch
        {
            "nearest" => "Nearest",
            "linear" or "bilinear" => "Linear",
            "cubic" => "Cubic",
            string other => throw new ModelException(node, $"attribute 'mode' is '{other}'; known are 'nearest', 'linear' and 'cubic'"),
        };
        Shape from = node.Input(0).Shape, to = node.Output.Shape;
        int[] axes = Axes(node, from);
        View input = context.ReadContiguous(node.Input(0));
        View? sizes = known.SizeInput(node) is { } given ? context.ReadContiguous(given) : null;
        View? scales = sizes is null && known.ScaleInput(node) is { } factors ? context.ReadContiguous(factors) : null;
        bool crops = known.Coordinates(node) == "Region";
        View? region = crops && node.OptionalInput(1) is { } roi && roi.Shape.ElementCount.Value != 0 ? context.ReadContiguous(roi) : null;
        if (region is not null && region.ElementType is not (ElementType.Float32 or ElementType.Float64))
        {
            throw ModelException.Unsupported(node, $"a region of elements of type {region.ElementType.OnnxName()} is not supported");
        }

        double?[]? literals = sizes is null && scales is null ? known.Target(node).Scales : null;
        View output = context.Write(node.Output);
        View[] reads = [.. new[] { input, sizes, scales, region }.OfType<View>()];
        bool rounds = sizes is not null && Policy(node) != "Stretch";
        void WriteScales(KernelWriter writer)
        {
            writer.Line($"Span<double> scales = stackalloc double[{from.Rank}];");
            writer.Line($"ReadOnlySpan<int> axes = [{string.Join(", ", axes)}];");
            writer.Line(sizes is not null ? $"GeneralResize.FromSizes({writer.Pointer(sizes)}, axes, {KernelText.Sizes(writer, from)}, ResizePolicy.{Policy(node)}, scales);"
                : scales is not null ? $"GeneralResize.FromScales({writer.Pointer(scales)}, axes, scales);"
                : string.Join(" ", literals!.Select((scale, axis) => $"scales[{axis}] = {KernelText.Number(scale ?? 1, ElementType.Float64)};")));
        }

        if (to.Any(size => size.AsSymbol() is { } symbol && DataSizes.Names(node).Contains(symbol)))
        {
            context.Add(new Kernel("sizes", node, [.. new[] { sizes, scales }.OfType<View>()], [], writer =>
            {
                WriteScales(writer);
                foreach (int axis in axes)
                {
                    writer.SetSize(to[axis], $"GeneralResize.Size({writer.Size(from[axis])}, scales[{axis}], {KernelText.Boolean(rounds)})");
                }
            })
            {
                Sizes = DataSizes.Names(node),
            });
        }

        context.Add(new Kernel("resize", node, reads, [output], writer =>
        {
            WriteScales(writer);
            string sizesOf = KernelText.Sizes(writer, from);
            WriteRegion(writer, region, axes, from.Rank);
            writer.Line("var options = new ResizeOptions");
            writer.Line("{");
            writer.Line($"    Filter = ResizeFilter.{mode}, Coordinates = ResizeCoordinates.{known.Coordinates(node)}, Rounding = ResizeRounding.{known.Rounding(node)},");
            writer.Line($"    CubicCoefficient = {KernelText.Number(node.FloatAttribute("cubic_coeff_a", -0.75f), ElementType.Float64)}, ExcludesOutside = {KernelText.Boolean(node.IntegerAttribute("exclude_outside", 0) != 0)},");
            writer.Line($"    Antialiases = {KernelText.Boolean(node.IntegerAttribute("antialias", 0) != 0)}, ExtrapolationValue = {KernelText.Number(node.FloatAttribute("extrapolation_value", 0), ElementType.Float64)},");
            writer.Line("};");
            writer.Line($"GeneralResize.Run<{element}>(Workers, {writer.Pointer(input)}, {sizesOf}, {writer.Pointer(output)}, {KernelText.Sizes(writer, to)}, scales, {KernelText.Boolean(rounds)}, region, options, {KernelText.Name(node)});");
        })
        {
            Summary = $"{from} → {to}",
        });
    }

    /// <summary>Begins, then ends of all axes: those that the region does not name are taken whole.</summary>
    private static void WriteRegion(KernelWriter writer, View? region, int[] axes, int rank)
    {
        if (region is null)
        {
            writer.Line("ReadOnlySpan<double> region = default;");
            return;
        }

        string[] parts = [.. Enumerable.Range(0, 2 * rank).Select(index => Array.IndexOf(axes, index % rank) is var place and >= 0
            ? $"*({writer.Pointer(region)} + {(index < rank ? place : axes.Length + place)})"
            : index < rank ? "0d" : "1d")];
        writer.Line($"ReadOnlySpan<double> region = stackalloc double[] {{ {string.Join(", ", parts)} }};");
    }

    /// <summary>The axes that scales or sizes are given for.</summary>
    private static int[] Axes(Node node, Shape from) =>
        [.. (node.IntegersAttribute("axes") ?? [.. Enumerable.Range(0, from.Rank).Select(axis => (long)axis)]).Select(axis => ShapeMath.Axis(node, axis, from.Rank))];

    private static string Policy(Node node) => node.StringAttribute("keep_aspect_ratio_policy", "stretch") switch
    {
        "stretch" => "Stretch",
        "not_larger" => "NotLarger",
        "not_smaller" => "NotSmaller",
        string other => throw new ModelException(node, $"attribute 'keep_aspect_ratio_policy' is '{other}'; known are 'stretch', 'not_larger' and 'not_smaller'"),
    };

    /// <summary>The shape that a policy makes of sizes that are known; null where they are not.</summary>
    private static Shape? PolicyShape(Node node, Shape from, IReadOnlyList<Dimension> asked)
    {
        int[] axes = Axes(node, from);
        if (asked.Any(size => !size.IsStatic) || axes.Any(axis => from[axis].Value is null or 0))
        {
            return null;
        }

        double[] scales = [.. axes.Select((axis, index) => (double)asked[index].Constant / from[axis].Constant)];
        double scale = Policy(node) == "NotLarger" ? scales.Min() : scales.Max();
        return new Shape([.. from.Select((size, axis) => axes.Contains(axis) ? Dimension.Of((long)Math.Floor(size.Constant * scale + 0.5)) : size)]);
    }
}
