using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Regions of images [batch, channels, height, width]: RoiAlign (https://onnx.ai/onnx/operators/onnx__RoiAlign.html: version 10 has no half pixels, version 16 has them by default),
/// MaxRoiPool (https://onnx.ai/onnx/operators/onnx__MaxRoiPool.html), and com.microsoft's CropAndResize
/// (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md). Floating-point numbers, 16-bit ones in float32.
/// </summary>
internal sealed class RoiOperators : Operator
{
    public static readonly IReadOnlyList<Operator> All =
    [
        new RoiOperators("", "RoiAlign", [10, 16, 22]),
        new RoiOperators("", "MaxRoiPool", [1, 22]),
        new RoiOperators(PointwiseFunction.MicrosoftDomain, "CropAndResize", [1]),
    ];

    private RoiOperators(string domain, string type, int[] versions)
    {
        Domain = domain;
        Type = type;
        Versions = versions;
    }

    public override string Domain { get; }

    public override string Type { get; }

    public override IReadOnlyList<int> Versions { get; }

    public override void Infer(Node node, InferenceContext context)
    {
        ElementTypeSet.Floating.Require(node, 0);
        ElementTypeSet.RequireEqual(node, 0, 1);
        SpatialText.RequireRank(node, 0, 4, "the images");
        SpatialText.RequireRank(node, 1, 2, "the regions");
        Shape images = node.Input(0).Shape, regions = node.Input(1).Shape;
        SpatialText.RequireEqual(node, context, regions[1], Type == "MaxRoiPool" ? 5 : 4, "the coordinates of a region and those that are expected");
        if (Type != "MaxRoiPool")
        {
            SpatialText.RequireType(node, 2, Type == "RoiAlign" ? ElementType.Int64 : ElementType.Int32);
            SpatialText.RequireRank(node, 2, 1, "the numbers of images");
            SpatialText.RequireEqual(node, context, node.Input(2).Shape[0], regions[0], "the numbers of images and regions");
        }

        (Dimension height, Dimension width) = OutputSize(node, context);
        _ = Options(node);
        context.SetType(node.Output, new TensorType(node.Input(0).ElementType, new Shape([regions[0], images[1], height, width])));
    }

    public override bool Expand(Node node, ExpansionContext context) => SpatialText.Widen(node, context);

    public override void Lower(Node node, LoweringContext context)
    {
        View images = context.ReadContiguous(node.Input(0));
        View regions = context.ReadContiguous(node.Input(1));
        View? numbers = Type == "MaxRoiPool" ? null : context.ReadContiguous(node.Input(2));
        View output = context.Write(node.Output);
        context.Add(new Kernel("regions", node, numbers is null ? [images, regions] : [images, regions, numbers], [output], writer => writer.Line(Call(node, writer, images, regions, numbers, output)))
        {
            Summary = $"{images.Shape} → {output.Shape}",
        });
    }

    private string Call(Node node, KernelWriter writer, View images, View regions, View? numbers, View output)
    {
        string inputs = $"Workers, {writer.Pointer(images)}, {SpatialText.RoiImages(writer, images.Shape, output.Shape)}, {writer.Pointer(regions)}";
        string result = $"{writer.Pointer(output)}, {KernelText.Name(node)}";
        return Type switch
        {
            "RoiAlign" => $"RoiAlign.Run({inputs}, {writer.Pointer(numbers!)}, {writer.Pointer(output)}, {Options(node)}, {KernelText.Name(node)});",
            "MaxRoiPool" => $"RoiMaximum.Run({inputs}, {Options(node)}, {result});",
            _ => $"CropAndResize.Run({inputs}, {writer.Pointer(numbers!)}, {Options(node)}, {result});",
        };
    }

    /// <summary>The attributes as arguments; throws where one has no meaning.</summary>
    private string Options(Node node)
    {
        string scale = KernelText.Float(node.FloatAttribute("spatial_scale", 1));
        if (Type == "MaxRoiPool")
        {
            return scale;
        }

        string mode = node.StringAttribute("mode", Type == "RoiAlign" ? "avg" : "bilinear").ToLowerInvariant();
        if (Type == "CropAndResize")
        {
            return mode is "bilinear" or "nearest"
                ? $"{KernelText.Boolean(mode == "nearest")}, {KernelText.Float(node.FloatAttribute("extrapolation_value", 0))}"
                : throw new ModelException(node, $"attribute 'mode' is '{mode}'; known are 'bilinear' and 'nearest'");
        }

        string coordinates = node.Version < 16 ? "output_half_pixel" : node.StringAttribute("coordinate_transformation_mode", "half_pixel");
        long ratio = node.IntegerAttribute("sampling_ratio", 0);
        if (mode is not ("avg" or "max") || coordinates is not ("half_pixel" or "output_half_pixel") || ratio is < 0 or > 1 << 16)
        {
            throw new ModelException(node, $"mode '{mode}', coordinates '{coordinates}' and {ratio} samples do not exist together");
        }

        return $"new RoiAlignOptions(RoiPooling.{(mode == "avg" ? "Average" : "Maximum")}, {scale}, {ratio}, {KernelText.Boolean(coordinates == "half_pixel")})";
    }

    private (Dimension Height, Dimension Width) OutputSize(Node node, InferenceContext context)
    {
        Dimension[] sizes;
        if (Type == "CropAndResize")
        {
            SpatialText.RequireType(node, 3, ElementType.Int32);
            sizes = [.. context.RequiredElements(node, 3, "the size of crops")];
        }
        else
        {
            sizes = Type == "RoiAlign"
                ? [node.IntegerAttribute("output_height", 1), node.IntegerAttribute("output_width", 1)]
                : [.. (node.IntegersAttribute("pooled_shape") ?? throw new ModelException(node, "attribute 'pooled_shape' is missing")).Select(Dimension.Of)];
        }

        return sizes.Length == 2 && sizes.All(size => size.Value is null or (> 0 and <= int.MaxValue))
            ? (sizes[0], sizes[1])
            : throw new ModelException(node, $"results of the size [{string.Join(", ", (object[])sizes)}]; expected are two numbers of at least 1");
    }
}
