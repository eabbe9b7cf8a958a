using Cameo.Generator.Graphs;
using Cameo.Generator.Packing;
using Xunit;

namespace Cameo.Tests.Build;

public sealed unsafe class WeightEvaluatorTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void RandomTreesOfTransformsAgreeWithTheirDefinition(bool canReadRanges)
    {
        for (int seed = 0; seed < 400; seed++)
        {
            MemoryTensorSource source = new(canReadRanges);
            WeightExpression expression = new RandomWeights(seed, source).Next(depth: 4);
            AssertEvaluates(expression, source, seed);
        }
    }

    [Theory]
    [InlineData(1, 5, 32, 32)]
    [InlineData(2, 40, 67, 32)]
    [InlineData(3, 17, 16, 16)]
    [InlineData(1, 1, 1, 32)]
    [InlineData(2, 33, 129, 8)]
    [InlineData(1, 517, 35, 32)]
    public void PanelsOfAMatrixStack(long batch, long rows, long columns, int width)
    {
        MemoryTensorSource source = new();
        RandomWeights random = new(1, source);
        AssertEvaluates(new WeightPanels(random.Next(0, [batch, rows, columns]), width), source, 1);
        AssertEvaluates(new WeightPanels(new WeightTranspose(random.Next(0, [batch, columns, rows]), [0, 2, 1]), width), source, 2);
        AssertEvaluates(new WeightPanels(new WeightTranspose(random.Next(0, [rows, batch, columns]), [1, 0, 2]), width), source, 3);
    }

    [Fact]
    public void PanelsOfConvolutionWeightsInGroups()
    {
        MemoryTensorSource source = new();
        WeightExpression weights = new RandomWeights(3, source).Next(0, [12, 5, 3, 3]);
        WeightReshape matrices = new(weights, [2, 6, 45]);
        AssertEvaluates(new WeightPanels(new WeightTranspose(matrices, [0, 2, 1]), 16), source, 1);
    }

    /// <summary>Panels side by side, and panels of two matrices in turn, as a gate and its value are laid out.</summary>
    [Theory]
    [InlineData((int)ElementType.Float32, 1, 21, 170, 32, 1)]
    [InlineData((int)ElementType.Float32, 2, 19, 64, 16, 2)]
    [InlineData((int)ElementType.Float16, 3, 9, 128, 32, 1)]
    [InlineData((int)ElementType.UInt8, 2, 8, 96, 24, 2)]
    public void PanelsOfTwoMatricesInTurn(int type, long batch, long rows, long columns, int width, long together)
    {
        MemoryTensorSource source = new();
        WeightExpression[] panels = [.. new[] { "a", "b" }.Select(name =>
        {
            byte[] data = new byte[batch * rows * columns * ((ElementType)type).Bytes()];
            new Random(name[0]).NextBytes(data);
            source.Add(name, data);
            return new WeightPanels(new WeightSource(name, (ElementType)type, [batch, rows, columns]), width);
        })];
        long groups = panels[0].Shape[1] / together;
        WeightConcatenation inTurn = new([.. panels.Select(WeightExpression (matrix) => new WeightReshape(matrix, [batch * groups, together, rows, width]))], 1, [batch * groups, 2 * together, rows, width]);
        AssertEvaluates(inTurn, source, 1);
        AssertEvaluates(new WeightReshape(inTurn, [batch, 2 * together * groups, rows, width]), source, 2);
    }

    /// <summary>Words of matrices that lie row by row, column by column and with gaps; rows that don't fill the last word, columns that don't fill the last panel.</summary>
    [Theory]
    [InlineData((int)ElementType.Float16, 16, 1, 42, 67, 32)]
    [InlineData((int)ElementType.BFloat16, 16, 2, 513, 16, 16)]
    [InlineData((int)ElementType.Float16, 16, 1, 1100, 33, 32)]
    [InlineData((int)ElementType.Int8, 8, 2, 44, 70, 32)]
    [InlineData((int)ElementType.UInt8, 8, 1, 1031, 19, 16)]
    [InlineData((int)ElementType.UInt8, 4, 2, 64, 75, 32)]
    [InlineData((int)ElementType.Int8, 4, 1, 2061, 17, 16)]
    public void WordsOfAMatrixStack(int type, int bits, long batch, long rows, long columns, int width)
    {
        MemoryTensorSource source = new();
        byte[] data = new byte[2 * batch * rows * columns * ((ElementType)type).Bytes()];
        new Random(4).NextBytes(data);
        source.Add("w", data);
        WeightExpression Matrices(params long[] shape) => new WeightSlice(new WeightSource("w", (ElementType)type, [2, .. shape]), [1, 0, 0, 0], [1, 1, 1, 1], [1, .. shape]);
        WeightExpression byRows = new WeightReshape(Matrices(batch, rows, columns), [batch, rows, columns]);
        WeightExpression byColumns = new WeightTranspose(new WeightReshape(Matrices(batch, columns, rows), [batch, columns, rows]), [0, 2, 1]);
        WeightExpression apart = new WeightTranspose(new WeightReshape(Matrices(rows, columns, batch), [rows, columns, batch]), [2, 0, 1]);
        AssertEvaluates(new WeightWords(byRows, bits, width), source, 1);
        AssertEvaluates(new WeightWords(byColumns, bits, width), source, 2);
        AssertEvaluates(new WeightWords(apart, bits, width), source, 3);
        AssertEvaluates(new WeightWords(new WeightSlice(byRows, [0, 0, 1], [1, 1, 1], [batch, rows, columns - 2]), bits, width), source, 4);
        AssertEvaluates(new WeightPanels(byColumns, width), source, 5);
    }

    [Fact]
    public void SliceOfLongRunsReadsOnlyThem()
    {
        MemoryTensorSource source = new();
        WeightExpression weights = new RandomWeights(3, source).Next(0, [20, 900]);
        AssertEvaluates(new WeightSlice(weights, [2, 300], [3, 1], [5, 300]), source, 1);
        AssertEvaluates(new WeightSlice(weights, [19, 0], [-1, 1], [20, 900]), source, 2);
    }

    [Fact]
    public void PanelsOfASliceOfAFusedCast()
    {
        MemoryTensorSource source = new();
        byte[] halves = [.. Enumerable.Range(0, 48 * 96).SelectMany(index => BitConverter.GetBytes((Half)(index * 0.01f)))];
        source.Add("qkv", halves);
        WeightCast cast = new(new WeightTranspose(new WeightSource("qkv", ElementType.Float16, [96, 48]), [1, 0]), ElementType.Float32);
        WeightSlice middle = new(cast, [0, 32], [1, 1], [48, 32]);
        AssertEvaluates(new WeightPanels(new WeightReshape(middle, [1, 48, 32]), 32), source, 1);
    }

    [Theory]
    [InlineData((int)ElementType.Int4, new byte[] { 0x8F, 0x71 }, new byte[] { 0xFF, 0xF8, 0x01, 0x07 })]
    [InlineData((int)ElementType.UInt4, new byte[] { 0x8F, 0x71 }, new byte[] { 0x0F, 0x08, 0x01, 0x07 })]
    [InlineData((int)ElementType.Int2, new byte[] { 0b11_10_01_00 }, new byte[] { 0x00, 0x01, 0xFE, 0xFF })]
    [InlineData((int)ElementType.UInt2, new byte[] { 0b11_10_01_00 }, new byte[] { 0x00, 0x01, 0x02, 0x03 })]
    public void NarrowIntegersTakeAByteEach(int type, byte[] packed, byte[] expected)
    {
        MemoryTensorSource source = new();
        source.Add("narrow", packed);
        using MappedTensorSource mapped = new(source);
        AssertNarrow(source, type, expected);
        AssertNarrow(mapped, type, expected);
    }

    private static void AssertNarrow(ITensorSource source, int type, byte[] expected)
    {
        using NativeBufferPool pool = new();
        using WeightEvaluator evaluator = new(source, pool, CancellationToken.None);
        ElementReader reader = evaluator.Evaluate(new WeightSource("narrow", (ElementType)type, [4]));
        Assert.Equal(expected, Read(reader, 0, 4));
        Assert.Equal(expected[1..3], Read(reader, 1, 2));
    }

    [Fact]
    public void CastToAnUnknownTypeIsRefused()
    {
        MemoryTensorSource source = new();
        source.Add("text", new byte[8]);
        using NativeBufferPool pool = new();
        using WeightEvaluator evaluator = new(source, pool, CancellationToken.None);
        PackingException exception = Assert.Throws<PackingException>(
            () => evaluator.Evaluate(new WeightCast(new WeightSource("text", ElementType.Complex64, [1]), ElementType.Float32)));
        Assert.Contains("complex64", exception.Message, StringComparison.Ordinal);
    }

    private static void AssertEvaluates(WeightExpression expression, MemoryTensorSource source, int seed)
    {
        byte[] expected = NaiveWeights.Evaluate(expression, source);
        AssertEvaluates(expression, source, expected, seed);
        using MappedTensorSource mapped = new(source);
        AssertEvaluates(expression, mapped, expected, seed);
    }

    private static void AssertEvaluates(WeightExpression expression, ITensorSource source, byte[] expected, int seed)
    {
        using NativeBufferPool pool = new();
        using WeightEvaluator evaluator = new(source, pool, CancellationToken.None);
        ElementReader reader = evaluator.Evaluate(expression);
        Assert.Equal(expression.Count, reader.Count);
        Assert.True(expected.AsSpan().SequenceEqual(Read(reader, 0, reader.Count)), $"{seed}: {expression}");

        // Packing reads in chunks that begin and end anywhere.
        Random random = new(seed);
        for (int round = 0; round < 8; round++)
        {
            long first = random.NextInt64(reader.Count);
            long count = random.NextInt64(reader.Count - first + 1);
            byte[] part = expected[(int)(first * reader.ElementBytes)..(int)((first + count) * reader.ElementBytes)];
            Assert.True(part.AsSpan().SequenceEqual(Read(reader, first, count)), $"{seed}, {count} elements from {first}: {expression}");
        }
    }

    private static byte[] Read(ElementReader reader, long first, long count)
    {
        byte[] result = new byte[count * reader.ElementBytes];
        fixed (byte* pointer = result)
        {
            reader.Read(first, count, pointer);
        }

        return result;
    }
}
