using System.Runtime.InteropServices;

namespace Cameo.Tests.Quantization;

/// <summary>A matrix [Depth, Columns] of 4-bit numbers in blocks along the depth, with float32 scales and zero points, and its product in double precision.</summary>
internal sealed class QuantizedSample
{
    public QuantizedSample(int depth, int columns, int blockSize, bool hasZeros)
    {
        Depth = depth;
        Columns = columns;
        BlockSize = blockSize;
        var random = new Random(depth + columns + blockSize);
        Elements = new byte[depth * columns];
        for (int index = 0; index < Elements.Length; index++)
        {
            Elements[index] = (byte)random.Next(16);
        }

        Scales = new float[Blocks * columns];
        Zeros = new byte[Blocks * columns];
        for (int index = 0; index < Scales.Length; index++)
        {
            Scales[index] = (float)(random.NextDouble() - 0.3) / 8;
            Zeros[index] = hasZeros ? (byte)random.Next(16) : (byte)8;
        }
    }

    public int Depth { get; }

    public int Columns { get; }

    public int BlockSize { get; }

    public int Blocks => (Depth + BlockSize - 1) / BlockSize;

    /// <summary>[Depth, Columns], 0 … 15.</summary>
    public byte[] Elements { get; }

    /// <summary>[Blocks, Columns].</summary>
    public float[] Scales { get; }

    /// <summary>Rounds the scales to float16 numbers.</summary>
    public void RoundScales()
    {
        for (int index = 0; index < Scales.Length; index++)
        {
            Scales[index] = (float)(Half)Scales[index];
        }
    }

    /// <summary>[Blocks, Columns], 0 … 15.</summary>
    public byte[] Zeros { get; }

    /// <summary>Activations that depend on their number alone.</summary>
    public static float[] Activations(int count)
    {
        var random = new Random(count);
        return [.. Enumerable.Range(0, count).Select(_ => ((float)random.NextDouble() * 2) - 1)];
    }

    /// <summary>The product of rows of activations with the dequantised matrix.</summary>
    public double[] Multiply(float[] activations)
    {
        int rows = activations.Length / Depth;
        var result = new double[rows * Columns];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < Columns; column++)
            {
                double sum = 0;
                for (int k = 0; k < Depth; k++)
                {
                    int parameter = (k / BlockSize * Columns) + column;
                    sum += activations[(row * Depth) + k] * ((double)Elements[(k * Columns) + column] - Zeros[parameter]) * Scales[parameter];
                }

                result[(row * Columns) + column] = sum;
            }
        }

        return result;
    }

    /// <summary>What rounding activations to multiples of a 127th of the largest of each block may change in the product: half a multiple for each.</summary>
    public double[] ByteRounding(float[] activations)
    {
        int rows = activations.Length / Depth;
        var result = new double[rows * Columns];
        for (int row = 0; row < rows; row++)
        {
            for (int k = 0; k < Depth; k++)
            {
                int begin = k / BlockSize * BlockSize;
                float largest = activations.AsSpan((row * Depth) + begin, Math.Min(BlockSize, Depth - begin)).ToArray().Max(Math.Abs);
                for (int column = 0; column < Columns; column++)
                {
                    int parameter = (k / BlockSize * Columns) + column;
                    result[(row * Columns) + column] += largest / 127 * 0.5 * Math.Abs(((double)Elements[(k * Columns) + column] - Zeros[parameter]) * Scales[parameter]);
                }
            }
        }

        return result;
    }

    /// <summary>The matrix transposed.</summary>
    public static T[] Transpose<T>(T[] matrix, int rows) =>
        [.. Enumerable.Range(0, matrix.Length).Select(index => matrix[(index % rows * (matrix.Length / rows)) + (index / rows)])];

    /// <summary>Two elements to a byte, the first in the lower half.</summary>
    public static byte[] Pack(byte[] elements) => [.. elements.Chunk(2).Select(static pair => (byte)((pair[0] & 15) | (pair.Length > 1 ? pair[1] << 4 : 0)))];

    /// <summary>Rows of elements, each padded to a whole number of bytes, or to <paramref name="rowElements"/>.</summary>
    public static byte[] PackRows(byte[] elements, int rows, int rowElements) =>
        [.. elements.Chunk(elements.Length / rows).SelectMany(row => Pack([.. row, .. new byte[rowElements - row.Length]]))];

    public static ReadOnlySpan<byte> Bytes(float[] values) => MemoryMarshal.AsBytes<float>(values);
}
