using System.Text;
using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Images;

/// <summary>ImageDecoder in models: sizes that the file tells, declared ones, refusals.</summary>
public sealed class ImageDecoderTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("h", "w", "RGB")]
    [InlineData(2L, "w", "BGR")]
    [InlineData("h", 3L, "Grayscale")]
    public void TheFileTellsSizesThatAreOpen(object height, object width, string format)
    {
        using CompiledModel model = _models.Load($"Open{format}", Decoder(format, height, width, format == "Grayscale" ? 1 : 3));
        using CompiledSession session = model.CreateSession();
        foreach ((int rows, int columns) in new[] { (2, 3), (5, 7), (1, 1), (2, 3) })
        {
            bool fits = (height is not long declaredHeight || declaredHeight == rows) && (width is not long declaredWidth || declaredWidth == columns);
            byte[] pixels = [.. Enumerable.Range(0, rows * columns * 3).Select(static value => (byte)(value * 5))];
            if (!fits)
            {
                Assert.Throws<InvalidImageException>(() => Run(session, Map(rows, columns, pixels)));
                continue;
            }

            Tensor result = Run(session, Map(rows, columns, pixels));
            int channels = format == "Grayscale" ? 1 : 3;
            Assert.Equal([rows, columns, channels], result.Shape.ToArray());
            float[] values = result.AsSpan<float>().ToArray();
            for (int pixel = 0; pixel < rows * columns; pixel++)
            {
                (byte red, byte green, byte blue) = (pixels[3 * pixel], pixels[(3 * pixel) + 1], pixels[(3 * pixel) + 2]);
                float[] expected = format switch { "RGB" => [red, green, blue], "BGR" => [blue, green, red], _ => [(0.299f * red) + (0.587f * green) + (0.114f * blue)] };
                for (int channel = 0; channel < channels; channel++)
                {
                    Assert.Equal(expected[channel], values[(pixel * channels) + channel], 0.51f);
                }
            }
        }
    }

    [Fact]
    public void FilesOfAllKindsAndWhatIsNoImage()
    {
        using CompiledModel model = _models.Load("Kinds", Decoder("RGB", "h", "w", 3));
        using CompiledSession session = model.CreateSession();
        foreach ((string _, string file, string pixels) in ImageSamples.All)
        {
            byte[] bytes = Convert.FromBase64String(file);
            Tensor result = Run(session, bytes);
            Assert.Equal([ImageSamples.Height, ImageSamples.Width, 3], result.Shape.ToArray());
            Assert.Equal(Convert.FromBase64String(pixels).Select(static value => (float)value), result.AsSpan<float>().ToArray());

            // Cut within its header, and before its pixels end: the size is told by what is left or refused, the image never is.
            Assert.Throws<InvalidImageException>(() => Run(session, bytes[..7]));
        }

        foreach (string text in new[] { "", "GIF89a", "nothing at all", "P6 99999 99999 255 ", "P6 9 9 255 ", "RIFF....WEBPVP8L" })
        {
            Assert.Contains("ImageDecoder", Assert.Throws<InvalidImageException>(() => Run(session, Encoding.ASCII.GetBytes(text))).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void WrongNodesAreRefused()
    {
        Assert.Contains("pixel_format", _models.Refusal("Format", Decoder("CMYK", "h", "w", 3)));
        Assert.Contains("is declared as", _models.Refusal("Channels", Decoder("Grayscale", "h", "w", 3)));
        Assert.Contains("list of uint8", _models.Refusal("Floats", new OnnxModelBuilder(20).Input("x", "n").Node("ImageDecoder", ["x"], ["y"]).Output("y", DataType.Uint8, "h", "w", 3)));
        Assert.Contains("list of uint8", _models.Refusal("Matrix", new OnnxModelBuilder(20).Input("x", DataType.Uint8, "n", "m").Node("ImageDecoder", ["x"], ["y"]).Output("y", DataType.Uint8, "h", "w", 3)));
    }

    private static OnnxModelBuilder Decoder(string format, object height, object width, int channels) => new OnnxModelBuilder(20).Input("x", DataType.Uint8, "n")
        .Node("ImageDecoder", ["x"], ["image"], ("pixel_format", format)).Node("Cast", ["image"], ["y"], ("to", 1))
        .Value("image", DataType.Uint8, height, width, channels).Output("y", "a", "b", channels);

    private static Tensor Run(CompiledSession session, byte[] file) => session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(file, file.Length) })["y"];

    private static byte[] Map(int height, int width, byte[] pixels) => [.. Encoding.ASCII.GetBytes($"P6 {width} {height} 255\n"), .. pixels];
}
