using System.Text;
using Cameo.Demo.Images;
using Xunit;

namespace Cameo.Tests.Demo;

public class ImageReaderTests
{
    private const int Width = 11, Height = 7;

    /// <summary>Grey levels that use the whole range and no filter or row order leaves unchanged.</summary>
    private static readonly byte[] Levels = [.. Enumerable.Range(0, Width * Height).Select(i => (byte)(i * 67 + i * i / 3))];

    /// <summary>The same with black and white only.</summary>
    private static readonly byte[] Bits = [.. Levels.Select(level => level > 127 ? (byte)255 : (byte)0)];

    [Theory]
    [InlineData(0, 8)]
    [InlineData(0, 16)]
    [InlineData(2, 8)]
    [InlineData(2, 16)]
    [InlineData(3, 8)]
    [InlineData(4, 8)]
    [InlineData(6, 8)]
    [InlineData(6, 16)]
    public void A_png_of_any_colour_type_with_every_filter_gives_its_grey_levels(int colourType, int depth)
    {
        GreyImage image = ImageFile.Read(TestPng.Write(Width, Height, colourType, depth, Levels));
        Assert.Equal((Width, Height), (image.Width, image.Height));
        Assert.Equal(Levels, image.Pixels);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void A_png_of_one_bit_a_pixel_is_black_and_white(int colourType) =>
        Assert.Equal(Bits, ImageFile.Read(TestPng.Write(Width, Height, colourType, 1, Bits)).Pixels);

    [Fact]
    public void Transparent_pixels_of_a_png_are_white_paper()
    {
        byte[] opaque = [0, 255, 100], alpha = [255, 255, 0];
        Assert.Equal(new byte[] { 0, 255, 255 }, ImageFile.Read(TestPng.Write(3, 1, 4, 8, opaque, alpha)).Pixels);
    }

    [Fact]
    public void A_png_with_any_damaged_byte_is_refused()
    {
        byte[] file = TestPng.Write(Width, Height, 0, 8, Levels);
        for (int i = 0; i < file.Length; i++)
        {
            byte[] damaged = [.. file];
            damaged[i] ^= 0x10;
            Assert.Throws<ImageFormatException>(() => ImageFile.Read(damaged));
        }
    }

    [Fact]
    public void A_png_cut_off_anywhere_is_refused()
    {
        byte[] file = TestPng.Write(Width, Height, 0, 8, Levels);
        for (int length = 0; length < file.Length; length++)
        {
            Assert.Throws<ImageFormatException>(() => ImageFile.Read(file[..length]));
        }
    }

    [Fact]
    public void An_interlaced_png_is_refused_by_name()
    {
        byte[] file = TestPng.Write(Width, Height, 0, 8, Levels, interlace: 1);
        Assert.Contains("interlaced", Assert.Throws<ImageFormatException>(() => ImageFile.Read(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Netpbm_images_of_bytes_and_of_text_are_the_same()
    {
        byte[] header = Encoding.ASCII.GetBytes($"P5\n# a comment\n{Width} {Height}\n255\n");
        string text = $"P2 {Width} {Height} 255\n" + string.Join(' ', Levels);
        byte[] colours = [.. Encoding.ASCII.GetBytes($"P6 {Width} {Height} 255\n"), .. Levels.SelectMany(level => new[] { level, level, level })];
        Assert.Equal(Levels, ImageFile.Read([.. header, .. Levels]).Pixels);
        Assert.Equal(Levels, ImageFile.Read(Encoding.ASCII.GetBytes(text)).Pixels);
        Assert.Equal(Levels, ImageFile.Read(colours).Pixels);
    }

    [Fact]
    public void Netpbm_bitmaps_are_black_where_the_bit_is_set()
    {
        string text = $"P1 {Width} {Height}\n" + string.Concat(Bits.Select(level => level == 0 ? '1' : '0'));
        byte[] packed = TestPng.PackBits([.. Bits.Select(level => (byte)(255 - level))], Width, Height);
        Assert.Equal(Bits, ImageFile.Read(Encoding.ASCII.GetBytes(text)).Pixels);
        Assert.Equal(Bits, ImageFile.Read([.. Encoding.ASCII.GetBytes($"P4 {Width} {Height}\n"), .. packed]).Pixels);
    }

    [Theory]
    [InlineData("P5 3 2 255\nabcde")]
    [InlineData("P2 3 2 255\n1 2 3 4 5")]
    [InlineData("P2 3 2 0\n1 2 3 4 5 6")]
    [InlineData("P5 100000 100000 255\n")]
    [InlineData("P5 0 2 255\n")]
    [InlineData("P1 2 1 12")]
    [InlineData("hello")]
    [InlineData("")]
    public void Netpbm_images_that_are_cut_off_or_impossible_are_refused(string file) =>
        Assert.Throws<ImageFormatException>(() => ImageFile.Read(Encoding.ASCII.GetBytes(file)));

    [Theory]
    [InlineData(8, false)]
    [InlineData(24, false)]
    [InlineData(24, true)]
    [InlineData(32, true)]
    public void A_bmp_gives_its_grey_levels_in_either_row_order(int bits, bool topDown) =>
        Assert.Equal(Levels, ImageFile.Read(WriteBmp(bits, topDown)).Pixels);

    [Fact]
    public void A_bmp_cut_off_anywhere_is_refused()
    {
        byte[] file = WriteBmp(8, topDown: false);
        for (int length = 0; length < file.Length; length++)
        {
            Assert.Throws<ImageFormatException>(() => ImageFile.Read(file[..length]));
        }
    }

    private static byte[] WriteBmp(int bits, bool topDown)
    {
        var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        int palette = bits == 8 ? 256 * 4 : 0, rowBytes = (Width * bits / 8 + 3) / 4 * 4;
        writer.Write("BM"u8);
        writer.Write(54 + palette + rowBytes * Height);
        writer.Write(0);
        writer.Write(54 + palette);
        writer.Write(40);
        writer.Write(Width);
        writer.Write(topDown ? -Height : Height);
        writer.Write((short)1);
        writer.Write((short)bits);
        for (int i = 0; i < 6; i++)
        {
            writer.Write(0);
        }

        for (int level = 0; level < palette / 4; level++)
        {
            writer.Write(level * 0x010101);
        }

        for (int row = 0; row < Height; row++)
        {
            int y = topDown ? row : Height - 1 - row;
            for (int x = 0; x < Width; x++)
            {
                for (int sample = 0; sample < bits / 8; sample++)
                {
                    writer.Write(Levels[y * Width + x]);
                }
            }

            writer.Write(new byte[rowBytes - Width * bits / 8]);
        }

        return file.ToArray();
    }
}
