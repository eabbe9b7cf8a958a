using System.IO.Compression;
using Cameo.Images.Jpeg;
using Cameo.Images.WebP;

namespace Cameo.Images;

/// <summary>Decodes image files: BMP, JPEG, PNG, PNM, TIFF and lossy WebP.</summary>
public static unsafe class ImageFile
{
    private const string Supported = "BMP, JPEG (baseline and progressive), PNG, PNM (PBM, PGM, PPM), TIFF and lossy WebP";

    /// <summary>Reads the size of an image from its file's header, which has to be plausible for a file of such a length.</summary>
    /// <param name="file">First byte of the file.</param>
    /// <param name="length">Bytes of the file.</param>
    /// <param name="operation">Operator and node, for messages.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Pixels of a row.</param>
    /// <exception cref="InvalidImageException">The header is damaged, or the file of a kind that is not supported.</exception>
    public static void Measure(byte* file, long length, string operation, out long height, out long width) =>
        (height, width) = Read(new ReadOnlySpan<byte>(file, checked((int)length)), operation, static (bytes, kind) => kind switch
        {
            ImageKind.Jpeg => JpegDecoder.Measure(bytes),
            ImageKind.Png => PngDecoder.Measure(bytes),
            ImageKind.Bmp => BmpDecoder.Measure(bytes),
            ImageKind.Pnm => PnmDecoder.Measure(bytes),
            ImageKind.WebP => WebPDecoder.Measure(bytes),
            _ => TiffDecoder.Measure(bytes),
        });

    /// <summary>Decodes a file.</summary>
    /// <param name="file">First byte of the file.</param>
    /// <param name="length">Bytes of the file.</param>
    /// <param name="format">What is to be stored of a pixel.</param>
    /// <param name="height">Rows that the image must have.</param>
    /// <param name="width">Pixels of a row that it must have.</param>
    /// <param name="pixels">Receives [height, width, 3] numbers, or [height, width, 1] for gray.</param>
    /// <param name="operation">Operator and node, for messages.</param>
    /// <exception cref="InvalidImageException">The file is damaged, or of a kind that is not supported.</exception>
    public static void Decode(byte* file, long length, PixelFormat format, long height, long width, byte* pixels, string operation)
    {
        Measure(file, length, operation, out long storedHeight, out long storedWidth);
        if (storedWidth != width || storedHeight != height)
        {
            throw new InvalidImageException($"{operation}: the image is {storedWidth} × {storedHeight} pixels large instead of {width} × {height}.");
        }

        RasterImage image = Read(new ReadOnlySpan<byte>(file, checked((int)length)), operation, static (bytes, kind) => kind switch
        {
            ImageKind.Jpeg => JpegDecoder.Decode(bytes),
            ImageKind.Png => PngDecoder.Decode(bytes),
            ImageKind.Bmp => BmpDecoder.Decode(bytes),
            ImageKind.Pnm => PnmDecoder.Decode(bytes),
            ImageKind.WebP => WebPDecoder.Decode(bytes),
            _ => TiffDecoder.Decode(bytes),
        });
        image.CopyTo(new Span<byte>(pixels, checked((int)(height * width * (format == PixelFormat.Grayscale ? 1 : 3)))), format);
    }

    private delegate T Reader<T>(ReadOnlySpan<byte> file, ImageKind kind);

    private static T Read<T>(ReadOnlySpan<byte> file, string operation, Reader<T> read)
    {
        try
        {
            return read(file, Recognize(file) ?? throw new InvalidImageException($"the {file.Length} bytes are {Name(file)}; supported are {Supported}."));
        }
        catch (InvalidImageException exception)
        {
            throw new InvalidImageException($"{operation}: {exception.Message}");
        }
        catch (Exception exception) when (exception is IndexOutOfRangeException or ArgumentException or OverflowException or InvalidDataException)
        {
            throw new InvalidImageException($"{operation}: the file is damaged ({exception.Message})");
        }
    }

    private static ImageKind? Recognize(ReadOnlySpan<byte> file) => file switch
    {
        [0xFF, 0xD8, ..] => ImageKind.Jpeg,
        [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => ImageKind.Png,
        [(byte)'B', (byte)'M', ..] => ImageKind.Bmp,
        [(byte)'P', >= (byte)'1' and <= (byte)'6', ..] => ImageKind.Pnm,
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => ImageKind.WebP,
        [(byte)'I', (byte)'I', 42, 0, ..] or [(byte)'M', (byte)'M', 0, 42, ..] => ImageKind.Tiff,
        _ => null,
    };

    private static string Name(ReadOnlySpan<byte> file) => file switch
    {
        [0, 0, 0, 12, (byte)'j', (byte)'P', ..] or [0xFF, 0x4F, 0xFF, 0x51, ..] => "a JPEG 2000 file",
        [(byte)'G', (byte)'I', (byte)'F', ..] => "a GIF file",
        _ => "no image that is known",
    };

    /// <summary>Inflates a zlib stream into a buffer that it has to fill.</summary>
    internal static void Inflate(byte[] compressed, int length, Span<byte> target)
    {
        using var stream = new ZLibStream(new MemoryStream(compressed, 0, length), CompressionMode.Decompress);
        int read = stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
        if (read < target.Length)
        {
            throw new InvalidImageException($"the compressed data give {read} bytes instead of {target.Length}.");
        }
    }

    /// <summary>Refuses sizes that so few compressed bytes cannot fill, before memory is asked for.</summary>
    internal static void RequirePlausible(long bytes, long compressed, int ratio)
    {
        const long Slack = 1024;
        if (bytes > (compressed + Slack) * ratio)
        {
            throw new InvalidImageException($"{compressed} compressed bytes cannot hold an image of {bytes} bytes.");
        }
    }
}
