namespace Cameo.Images;

/// <summary>
/// TIFF: the first image of a file, in strips or tiles, chunky or in planes; gray, RGB, palettes; 1, 2, 4, 8 and 16 bits; uncompressed, PackBits, LZW and Deflate, with or without
/// differences of neighbours. 16-bit numbers give their upper 8 bits; further samples such as alpha are left out.
/// </summary>
internal static class TiffDecoder
{
    private const int PackBitsRatio = 64, LzwRatio = 3000, DeflateRatio = 1032;

    public static (long Height, long Width) Measure(ReadOnlySpan<byte> file)
    {
        TiffLayout layout = ReadLayout(new ImageBytes(file, file[0] == 'M'));
        return (layout.Height, layout.Width);
    }

    public static RasterImage Decode(ReadOnlySpan<byte> file)
    {
        var bytes = new ImageBytes(file, file[0] == 'M');
        TiffLayout layout = ReadLayout(bytes);
        RasterImage image = RasterImage.Create(layout.Width, layout.Height, layout.Channels);
        byte[] block = new byte[layout.BlockBytes];
        for (int index = 0; index < layout.Offsets.Length; index++)
        {
            ReadOnlySpan<byte> data = bytes.Slice(layout.Offsets[index], layout.Sizes[index]);
            Span<byte> needed = block.AsSpan(0, (int)layout.UsedBytes(index));
            switch (layout.Compression)
            {
                case 1:
                    data[..Math.Min(needed.Length, data.Length)].CopyTo(needed);
                    Require(data.Length >= needed.Length);
                    break;
                case 32773:
                    UnpackBits(data, needed);
                    break;
                case 5:
                    TiffLzw.Decode(data, needed);
                    break;
                default:
                    ImageFile.Inflate(data.ToArray(), data.Length, needed);
                    break;
            }

            if (layout.HasDifferences)
            {
                layout.AddDifferences(needed);
            }

            layout.Store(needed, index, image);
        }

        return image;
    }

    private static TiffLayout ReadLayout(ImageBytes bytes)
    {
        TiffLayout layout = TiffLayout.Read(bytes, new TiffDirectory(bytes));
        int ratio = layout.Compression switch
        {
            1 => 1,
            32773 => PackBitsRatio,
            5 => LzwRatio,
            _ => DeflateRatio,
        };

        // Strips may overlap in the file, but no encoder makes use of that.
        ImageFile.RequirePlausible(layout.BlockBytes * layout.Offsets.Length, Math.Min(layout.Sizes.Sum(), bytes.Length), ratio);
        return layout;
    }

    public static void Require(bool holds)
    {
        if (!holds)
        {
            throw new InvalidImageException("a strip or tile of the TIFF file ends early.");
        }
    }

    private static void UnpackBits(ReadOnlySpan<byte> data, Span<byte> target)
    {
        int from = 0, to = 0;
        while (to < target.Length)
        {
            Require(from < data.Length);
            int head = (sbyte)data[from++];
            if (head == -128)
            {
                continue;
            }

            int count = Math.Min(Math.Abs(head) + 1, target.Length - to);
            Require(from + (head < 0 ? 1 : count) <= data.Length);
            if (head < 0)
            {
                target.Slice(to, count).Fill(data[from++]);
            }
            else
            {
                data.Slice(from, count).CopyTo(target[to..]);
                from += head + 1;
            }

            to += count;
        }
    }
}
