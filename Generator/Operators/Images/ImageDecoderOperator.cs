using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// ImageDecoder: https://onnx.ai/onnx/operators/onnx__ImageDecoder.html. BMP, JPEG (baseline and progressive), PNG, PNM, TIFF and lossy WebP; lossless WebP and JPEG 2000 are refused by the run. The
/// result is [height, width, channels] of uint8, whose sizes the model must declare for it; a run with an image of another size is refused. A file that cannot be decoded is an exception
/// and not an empty image.
/// </summary>
internal sealed class ImageDecoderOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new ImageDecoderOperator()];

    public override string Type => "ImageDecoder";

    public override IReadOnlyList<int> Versions => [20];

    public override void Infer(Node node, InferenceContext context)
    {
        if (node.Input(0).RequiredType is not { ElementType: ElementType.UInt8, Rank: 1 })
        {
            throw new ModelException(node, $"the file is {node.Input(0).Type} and must be a list of uint8");
        }

        long channels = Format(node) == "Grayscale" ? 1 : 3;
        if (node.Output.DeclaredType is not { Rank: 3 } declared || !declared.Shape[0].IsStatic || !declared.Shape[1].IsStatic || declared.Shape[2].Value is { } other && other != channels)
        {
            throw ModelException.Unsupported(node, $"the size of the image must be declared: '{node.Output.Name}' as [height, width, {channels}] with numbers");
        }

        context.SetType(node.Output, new TensorType(ElementType.UInt8, new Shape([declared.Shape[0], declared.Shape[1], channels])));
    }

    public override void Lower(Node node, LoweringContext context)
    {
        View from = context.ReadContiguous(node.Input(0));
        View to = context.Write(node.Output);
        context.Add(new Kernel("image", node, [from], [to], writer => writer.Line(
            $"global::Cameo.Images.ImageFile.Decode({writer.Pointer(from)}, {writer.Size(from.Shape.ElementCount)}, global::Cameo.Images.PixelFormat.{Format(node)}, {writer.Size(to.Shape[0])}, "
            + $"{writer.Size(to.Shape[1])}, {writer.Pointer(to)}, {KernelText.Name(node)});"))
        {
            Summary = $"{Format(node)} image of {from.Shape} bytes",
        });
    }

    private static string Format(Node node) => node.StringAttribute("pixel_format", "RGB") switch
    {
        "RGB" => "Rgb",
        "BGR" => "Bgr",
        "Grayscale" => "Grayscale",
        string other => throw new ModelException(node, $"attribute 'pixel_format' is '{other}' and must be RGB, BGR or Grayscale"),
    };
}
