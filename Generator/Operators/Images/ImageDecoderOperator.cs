using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// ImageDecoder: https://onnx.ai/onnx/operators/onnx__ImageDecoder.html. BMP, JPEG (baseline and progressive), PNG, PNM, TIFF and lossy WebP; lossless WebP and JPEG 2000 are refused by the run. The
/// result is [height, width, channels] of uint8. Sizes that the model declares as numbers must be those of every image; the file tells others. A file that cannot be decoded is an exception
/// and not an empty image.
/// </summary>
internal sealed class ImageDecoderOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new ImageDecoderOperator()];

    private static readonly string[] Sides = ["height", "width"];

    public override string Type => "ImageDecoder";

    public override IReadOnlyList<int> Versions => [20];

    public override void Infer(Node node, InferenceContext context)
    {
        if (node.Input(0).RequiredType is not { ElementType: ElementType.UInt8, Rank: 1 })
        {
            throw new ModelException(node, $"the file is {node.Input(0).Type} and must be a list of uint8");
        }

        long channels = Format(node) == "Grayscale" ? 1 : 3;
        TensorType? declared = node.Output.DeclaredType;
        if (declared is not null && (declared.Rank != 3 || (declared.Shape[2].Value is { } other && other != channels)))
        {
            throw new ModelException(node, $"'{node.Output.Name}' is declared as {declared} and is [height, width, {channels}]");
        }

        Dimension Size(int axis) => declared?.Shape[axis] is { IsStatic: true } size ? size : context.DataSize(node, Sides[axis]);
        context.SetType(node.Output, new TensorType(ElementType.UInt8, new Shape([Size(0), Size(1), channels])));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        string[] open = [.. Sides.Where((side, axis) => IsOpen(node, side, axis))];
        if (open.Length > 0)
        {
            context.Add(new Kernel("image", node, [from], [], writer =>
            {
                writer.Line($"global::Cameo.Images.ImageFile.Measure({writer.Pointer(from)}, {writer.Size(from.Shape.ElementCount)}, {KernelText.Name(node)}, out long height, out long width);");
                foreach (string side in open)
                {
                    writer.SetSize(DataSizes.Of(node, side), side);
                }
            })
            {
                Sizes = [.. open.Select(side => DataSizes.Find(node, side)!)],
                Nodes = [],
                Summary = "size of an image",
            });
        }

        View to = context.Write(node.Output);
        context.Add(new Kernel("image", node, [from], [to], writer => writer.Line(
            $"global::Cameo.Images.ImageFile.Decode({writer.Pointer(from)}, {writer.Size(from.Shape.ElementCount)}, global::Cameo.Images.PixelFormat.{Format(node)}, {writer.Size(to.Shape[0])}, "
            + $"{writer.Size(to.Shape[1])}, {writer.Pointer(to)}, {KernelText.Name(node)});"))
        {
            Summary = $"{Format(node)} image of {from.Shape} bytes",
        });
    }

    private static bool IsOpen(Node node, string side, int axis) => DataSizes.Find(node, side) is { } symbol && node.Output.Shape[axis].AsSymbol() == symbol;

    private static string Format(Node node) => node.StringAttribute("pixel_format", "RGB") switch
    {
        "RGB" => "Rgb",
        "BGR" => "Bgr",
        "Grayscale" => "Grayscale",
        string other => throw new ModelException(node, $"attribute 'pixel_format' is '{other}' and must be RGB, BGR or Grayscale"),
    };
}
