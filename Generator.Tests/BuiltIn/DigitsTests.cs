using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Text.Json;
using Cameo.Demo.Images;
using Cameo.Models;
using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.BuiltIn;

public class DigitsTests
{
    private const int Pixels = DigitImage.Side * DigitImage.Side;

    private static readonly string Folder = Path.Combine(TestData.Repository, "Models", "digits");

    [Fact]
    public void At_least_98_of_100_held_out_digits_are_read_right()
    {
        byte[] file = File.ReadAllBytes(Path.Combine(Folder, "heldout.bin"));
        int count = BinaryPrimitives.ReadInt32LittleEndian(file), right = 0;
        using var model = new Digits();
        using Digits.Session session = model.CreateSession();
        float[] pixels = new float[Pixels];
        for (int digit = 0; digit < count; digit++)
        {
            for (int i = 0; i < Pixels; i++)
            {
                pixels[i] = file[4 + digit * Pixels + i] / 255f;
            }

            right += Best(session.Run(Image(pixels))) == file[4 + count * Pixels + digit] ? 1 : 0;
        }

        Assert.True(count >= 1000, $"{count} digits are too few to tell");
        Assert.True(right >= 0.98 * count, $"{right} of {count} are right");
    }

    [Fact]
    public void Scores_of_the_samples_are_those_of_the_training_framework()
    {
        using JsonDocument reference = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "reference.json")));
        using var model = new Digits();
        using Digits.Session session = model.CreateSession();
        foreach (JsonElement sample in reference.RootElement.GetProperty("samples").EnumerateArray())
        {
            byte[] png = File.ReadAllBytes(Path.Combine(Folder, sample.GetProperty("file").GetString()!));
            ReadOnlySpan<float> scores = session.Run(Image(DigitImage.Prepare(ImageFile.Read(png))));
            double[] expected = [.. sample.GetProperty("scores").EnumerateArray().Select(score => score.GetDouble())];
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected[i], scores[i], 1e-5);
            }
        }
    }

    [Fact]
    public void A_flat_span_of_the_right_length_is_the_image_itself()
    {
        float[] pixels = DigitImage.Prepare(ImageFile.Read(File.ReadAllBytes(Path.Combine(Folder, "samples", "7.png"))));
        using var model = new Digits();
        using Digits.Session session = model.CreateSession();
        float[] shaped = session.Run(Image(pixels)).ToArray();
        Assert.Equal(shaped, session.Run(pixels).ToArray());
        Assert.ThrowsAny<ModelInputException>(() => session.Run(pixels[1..]));
        Assert.Equal(shaped, session.Run(pixels).ToArray());
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(3, true)]
    [InlineData(8, true)]
    public void An_enlarged_and_moved_sample_is_still_read_right_in_either_polarity(int digit, bool darkOnLight)
    {
        GreyImage small = ImageFile.Read(File.ReadAllBytes(Path.Combine(Folder, "samples", $"{digit}.png")));
        var large = new GreyImage(9 * DigitImage.Side + 60, 9 * DigitImage.Side + 25);
        Array.Fill(large.Pixels, darkOnLight ? (byte)255 : (byte)0);
        for (int y = 0; y < 9 * DigitImage.Side; y++)
        {
            for (int x = 0; x < 9 * DigitImage.Side; x++)
            {
                byte level = small[x / 9, y / 9];
                large[x + 50, y + 5] = darkOnLight ? (byte)(255 - level) : level;
            }
        }

        using var model = new Digits();
        using Digits.Session session = model.CreateSession();
        Assert.Equal(digit, Best(session.Run(Image(DigitImage.Prepare(large)))));
    }

    private static ReadOnlyTensorSpan<float> Image(float[] pixels) => new(pixels, [1, 1, DigitImage.Side, DigitImage.Side]);

    private static int Best(ReadOnlySpan<float> scores)
    {
        int best = 0;
        for (int i = 1; i < scores.Length; i++)
        {
            best = scores[i] > scores[best] ? i : best;
        }

        return best;
    }
}
