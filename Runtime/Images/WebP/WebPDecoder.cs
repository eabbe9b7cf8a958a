namespace Cameo.Images.WebP;

/// <summary>WebP: lossy still images. Alpha is left out; lossless files and animations are refused.</summary>
internal static class WebPDecoder
{
    private const int ChunkHeader = 8, FirstChunk = 12;

    // A block of 256 pixels takes some bits at least, but long runs of empty blocks take less than one each.
    private const int BestRatio = 4096;

    public static (long Height, long Width) Measure(ReadOnlySpan<byte> file)
    {
        (int offset, int length) = FindFrame(file);
        (int height, int width) = Vp8Decoder.Measure(file.Slice(offset, length));
        RasterImage.RequireSize(width, height);
        ImageFile.RequirePlausible((long)width * height, file.Length, BestRatio);
        return (height, width);
    }

    public static RasterImage Decode(ReadOnlySpan<byte> file)
    {
        (int offset, int length) = FindFrame(file);
        (long height, long width) = Measure(file);
        return Vp8Decoder.Decode(file.ToArray(), offset, length, (int)width, (int)height);
    }

    private static (int Offset, int Length) FindFrame(ReadOnlySpan<byte> file)
    {
        var bytes = new ImageBytes(file, isBigEndian: false);
        for (long offset = FirstChunk; ;)
        {
            ReadOnlySpan<byte> type = bytes.Slice(offset, 4);
            long size = bytes.UInt32(offset + 4);
            bytes.Slice(offset + ChunkHeader, size);
            if (type.SequenceEqual("VP8 "u8))
            {
                return ((int)offset + ChunkHeader, (int)size);
            }

            if (type.SequenceEqual("VP8L"u8) || type.SequenceEqual("ANIM"u8))
            {
                throw new InvalidImageException("lossless WebP files and animations are not supported.");
            }

            // Chunks have even lengths.
            offset += ChunkHeader + size + (size % 2);
        }
    }
}
