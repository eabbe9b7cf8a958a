using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Resize and Upsample: https://onnx.ai/onnx/operators/onnx__Resize.html, https://onnx.ai/onnx/operators/onnx__Upsample.html. Resize 10 and Upsample map coordinates asymmetrically and
/// round down; version 11 brings sizes and the modes of coordinates, 18 axes, antialiasing and policies, 19 half_pixel_symmetric. Nearest and linear of the last two axes (the last
/// one for rank 3) in float32, by scales that are known, have a kernel of their own; everything else goes through a general one (<see cref="GeneralResizing"/>).
/// </summary>
internal sealed class ResizeOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new ResizeOperators("Resize", [10, 11, 13, 18, 19]), new ResizeOperators("Upsample", [1, 7, 9, 10])];

    private ResizeOperators(string type, int[] versions)
    {
        Type = type;
        Versions = versions;
    }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    private bool IsOld(Node node) => Type == "Upsample" || node.Version < 11;

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.NumericBooleanOrText.Require(node, 0);
        string coordinates = Coordinates(node);
        if (node.Input(0).ElementType == ElementType.String && (node.StringAttribute("mode", "nearest") != "nearest" || node.IntegerAttribute("antialias", 0) != 0 || coordinates == "Region"))
        {
            throw ModelException.Unsupported(node, "strings can be picked by the mode 'nearest' alone, and nothing stands for those outside a region");
        }

        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, IsGeneral(node) ? GeneralResizing.ResultShape(node, this, context) : Target(node).Shape));
    }

    /// <summary>Whether the node needs the general kernel.</summary>
    private bool IsGeneral(Node node)
    {
        Shape x = node.Input(0).Shape;
        if (IsOld(node) || node.Input(0).ElementType is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16))
        {
            // The element type alone decides here: the scales of old versions are constants or refused below.
            return node.Input(0).ElementType is not ElementType.Float32 || x.Rank is not (3 or 4) || !HasKnownScales(node) || ChangesOuterAxes(node, x);
        }

        return node.StringAttribute("mode", "nearest") is not ("nearest" or "linear")
            || node.IntegerAttribute("antialias", 0) != 0 || node.StringAttribute("keep_aspect_ratio_policy", "stretch") != "stretch" || node.IntegerAttribute("exclude_outside", 0) != 0
            || Coordinates(node) == "Region" || node.Input(0).ElementType != ElementType.Float32 || !HasKnownScales(node) || x.Rank is not (3 or 4) || ChangesOuterAxes(node, x);
    }

    private bool ChangesOuterAxes(Node node, Shape x) => Target(node).Shape is var shape && (!shape[0].Equals(x[0]) || !shape[1].Equals(x[1]));

    /// <summary>Whether the result's shape can be told without the data of a run.</summary>
    private bool HasKnownScales(Node node) => SizeInput(node) is { } sizes ? sizes.Elements is not null : Type == "Upsample" && node.Version < 9 || ScaleInput(node)?.Constant is InlineConstant;

    /// <summary>The sizes that are asked for; null where there are none.</summary>
    public Value? SizeInput(Node node) => IsOld(node) || node.OptionalInput(3) is not { } sizes || sizes.RequiredType.Shape.ElementCount.Value == 0 ? null : sizes;

    /// <summary>The scales; null where the node has them as an attribute or not at all.</summary>
    public Value? ScaleInput(Node node) => Type == "Upsample" && node.Version < 9 ? null : node.OptionalInput(IsOld(node) ? 1 : 2);

    public override bool Expand(Node node, ExpansionContext context)
    {
        if (node.Output.ElementType == ElementType.String)
        {
            ExpandTexts(node, context);
            return true;
        }

        bool hasNarrowRegion = !IsOld(node) && node.OptionalInput(1)?.ElementType is ElementType.Float16 or ElementType.BFloat16;
        if (node.Output.ElementType is not (ElementType.Float16 or ElementType.BFloat16 or ElementType.Boolean) && !hasNarrowRegion)
        {
            return false;
        }

        var formula = new Formula(context);
        Value x = node.Output.ElementType == ElementType.Boolean ? formula.Cast(node.Input(0), ElementType.UInt8) : formula.Widen(node.Input(0));
        Node wide = context.AddCopy(node, [x, hasNarrowRegion ? formula.Widen(node.Input(1)) : node.OptionalInput(1), .. node.Inputs.Skip(2)]);
        context.Replace(node.Output, formula.Cast(wide.Output, node.Output.ElementType));
        return true;
    }

    /// <summary>Strings are picked by their resized places.</summary>
    private static void ExpandTexts(Node node, ExpansionContext context)
    {
        Dimension count = node.Input(0).Shape.ElementCount;
        Value all = context.Add("Range", context.Literal(0, ElementType.Int64), context.Size(count), context.Literal(1, ElementType.Int64));
        Node places = context.AddCopy(node, [context.Add("Reshape", all, context.Sizes([.. node.Input(0).Shape])), .. node.Inputs.Skip(1)]);
        context.Replace(node.Output, context.Add("Gather", context.Add("Reshape", node.Input(0), context.Sizes([count])), places.Output));
    }

    public override EpilogueKind EpilogueKind(Node node) => !IsGeneral(node) ? Lowering.EpilogueKind.Channel : Lowering.EpilogueKind.None;

    public override void Lower(Node node, LoweringContext context)
    {
        if (IsGeneral(node))
        {
            GeneralResizing.Lower(node, this, context);
            return;
        }

        Shape from = node.Input(0).Shape;
        (Shape to, double?[] scales) = Target(node);
        FusedEpilogue epilogue = context.Epilogue(node);
        View input = context.ReadContiguous(node.Input(0));
        View output = context.Write(epilogue.Output);
        bool isLinear = node.StringAttribute("mode", "nearest") == "linear";
        context.Add(new Kernel("resize", node, [input, .. epilogue.Inputs], [output], writer =>
        {
            string height = from.Rank == 4 ? Axis(writer, from[2], to[2], scales[2]) : "ResizeAxis.Unchanged(1)";
            string width = Axis(writer, from[from.Rank - 1], to[from.Rank - 1], scales[from.Rank - 1]);
            string rounding = isLinear ? "" : $"ResizeRounding.{Rounding(node)}, ";
            writer.Line($"Resize.{(isLinear ? "Linear" : "Nearest")}(Workers, {KernelText.Int(writer, from[0])}, {KernelText.Int(writer, from[1])}, {height}, {width}, " +
                $"ResizeCoordinates.{Coordinates(node)}, {rounding}{writer.Pointer(input)}, {writer.Pointer(output)}, {writer.ChannelEpilogue(epilogue)});");
        })
        {
            Nodes = epilogue.Nodes,
            Summary = $"{from} → {to}",
        });
    }

    private static string Axis(KernelWriter writer, Dimension from, Dimension to, double? scale) =>
        $"new ResizeAxis({KernelText.Int(writer, from)}, {KernelText.Int(writer, to)}, {(scale is { } known ? KernelText.Float(known) : $"(float){writer.Size(to)} / {writer.Size(from)}")})";

    public string Coordinates(Node node) => IsOld(node) ? "Asymmetric" : node.StringAttribute("coordinate_transformation_mode", "half_pixel") switch
    {
        "half_pixel" => "HalfPixel",
        "half_pixel_symmetric" => "HalfPixelSymmetric",
        "pytorch_half_pixel" => "PytorchHalfPixel",
        "align_corners" => "AlignCorners",
        "asymmetric" => "Asymmetric",
        "tf_half_pixel_for_nn" => "TensorFlowHalfPixel",
        "tf_crop_and_resize" => "Region",
        string other => throw ModelException.Unsupported(node, $"coordinate_transformation_mode '{other}' is not supported"),
    };

    public string Rounding(Node node) => IsOld(node) ? "Floor" : node.StringAttribute("nearest_mode", "round_prefer_floor") switch
    {
        "round_prefer_floor" => "RoundPreferFloor",
        "round_prefer_ceil" => "RoundPreferCeiling",
        "floor" => "Floor",
        "ceil" => "Ceiling",
        string other => throw new ModelException(node, $"attribute 'nearest_mode' is '{other}'"),
    };

    /// <summary>The result's shape and each axis' scale; null where sizes are given.</summary>
    public (Shape Shape, double?[] Scales) Target(Node node)
    {
        Shape from = node.Input(0).Shape;
        Dimension[] sizes = [.. from];
        double?[] scales = [.. from.Select(_ => (double?)1)];
        long[] axes = node.IntegersAttribute("axes") ?? [.. Enumerable.Range(0, from.Rank).Select(axis => (long)axis)];
        if (SizeInput(node) is { } sizeInput)
        {
            IReadOnlyList<Dimension> given = sizeInput.Elements ?? throw ModelException.Unsupported(node, "the sizes are computed at run time from data");
            for (int index = 0; index < axes.Length; index++)
            {
                int axis = ShapeMath.Axis(node, axes[index], from.Rank);
                scales[axis] = given[index] == from[axis] ? 1 : given[index].Value is { } to && from[axis].Value is { } size ? (double)to / size : null;
                sizes[axis] = given[index];
            }

            return (new Shape(sizes), scales);
        }

        double[] factors = Type == "Upsample" && node.Version < 9
            ? node.Version < 7 ? OldScales(node) : [.. (node.FloatsAttribute("scales") ?? throw new ModelException(node, "attribute 'scales' is missing")).Select(scale => (double)scale)]
            : ScaleInput(node)?.Constant is InlineConstant constant
                ? ConstantElements.ReadDoubles(constant)
                : throw ModelException.Unsupported(node, "the scales are computed at run time");
        for (int index = 0; index < axes.Length; index++)
        {
            int axis = ShapeMath.Axis(node, axes[index], from.Rank);
            scales[axis] = factors[index];
            sizes[axis] = Scaled(node, from[axis], factors[index]);
        }

        return (new Shape(sizes), scales);
    }

    /// <summary>Version 1 scales images alone.</summary>
    private static double[] OldScales(Node node) => node.Input(0).Shape.Rank == 4 && node.HasAttribute("height_scale") && node.HasAttribute("width_scale")
        ? [1, 1, node.FloatAttribute("height_scale", 1), node.FloatAttribute("width_scale", 1)]
        : throw new ModelException(node, $"the input is {node.Input(0).Type}; expected are four axes, and the attributes 'height_scale' and 'width_scale'");

    /// <summary>floor(size · scale), for symbolic sizes where the scale is a simple fraction.</summary>
    private static Dimension Scaled(Node node, Dimension size, double scale)
    {
        if (size.Value is { } known)
        {
            return (long)Math.Floor(known * scale);
        }

        for (int denominator = 1; denominator <= 64; denominator++)
        {
            double numerator = Math.Round(scale * denominator);
            if (Math.Abs(numerator / denominator - scale) < 1e-7 * scale)
            {
                return Dimension.FloorDivide(size * (long)numerator, denominator);
            }
        }

        throw ModelException.Unsupported(node, $"a scale of {scale} of the size '{size}' is not supported");
    }
}
