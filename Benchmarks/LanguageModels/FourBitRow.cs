namespace Cameo.Benchmarks.LanguageModels;

/// <summary>One row of a matrix in 4 bits, by symmetric blocks of 32 with a float16 scale each: value = (number − 8) · scale.</summary>
internal static class FourBitRow
{
    public const int BlockSize = 32;

    /// <summary>Chooses each block's scale so that its largest element becomes −8 and rounds the others.</summary>
    /// <param name="values">The row, a multiple of 32 long.</param>
    /// <param name="numbers">Receives 0 … 15 for each element.</param>
    /// <param name="scales">Receives a scale for each block.</param>
    public static void Quantize(ReadOnlySpan<float> values, Span<byte> numbers, Span<Half> scales)
    {
        for (int block = 0; block < values.Length / BlockSize; block++)
        {
            ReadOnlySpan<float> elements = values.Slice(block * BlockSize, BlockSize);
            float largest = 0;
            foreach (float element in elements)
            {
                largest = MathF.Abs(element) > MathF.Abs(largest) ? element : largest;
            }

            var scale = (Half)(largest / -8);
            float inverse = scale == (Half)0 ? 0 : 1 / (float)scale;
            Span<byte> rounded = numbers.Slice(block * BlockSize, BlockSize);
            for (int index = 0; index < BlockSize; index++)
            {
                rounded[index] = (byte)Math.Clamp((int)MathF.Round(elements[index] * inverse) + 8, 0, 15);
            }

            scales[block] = scale;
        }
    }
}
