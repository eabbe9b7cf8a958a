using System.Runtime.InteropServices;
using Cameo.Generator.Graphs;
using Cameo.Generator.Packing;
using Xunit;

namespace Cameo.Tests.Build;

public sealed unsafe class NarrowElementReaderTests
{
    public static TheoryData<int, int> Pieces()
    {
        var pieces = new TheoryData<int, int>();
        for (int first = 0; first < 10; first++)
        {
            foreach (int count in (int[])[0, 1, 7, 8, 9, 16, 31, 8191, 8192, 8193, 20000])
            {
                pieces.Add(first, count);
            }
        }

        return pieces;
    }

    [Theory]
    [MemberData(nameof(Pieces))]
    public void AnyPieceOfPackedElementsIsWhatItsBitsSay(int first, int count)
    {
        byte[] bytes = new byte[10100];
        new Random(3).NextBytes(bytes);
        using NativeBuffer memory = Copy(bytes);
        foreach ((int type, int bits, bool isSigned) in new[] { ((int)ElementType.Int4, 4, true), ((int)ElementType.UInt4, 4, false), ((int)ElementType.Int2, 2, true), ((int)ElementType.UInt2, 2, false) })
        {
            var reader = new UnpackReader(new MemoryReader(memory, ElementType.UInt8, bytes.Length), (ElementType)type);
            byte[] found = Read(reader, first, count);
            for (int index = 0; index < count; index++)
            {
                int position = (first + index) * bits;
                int expected = (bytes[position / 8] >> (position % 8)) & ((1 << bits) - 1);
                expected = isSigned && expected >= 1 << (bits - 1) ? expected - (1 << bits) : expected;
                Assert.Equal(unchecked((byte)expected), found[index]);
            }
        }
    }

    [Theory]
    [InlineData(8)]
    [InlineData(-128)]
    [InlineData(-1)]
    [InlineData(0)]
    public void AnOffsetWrapsInEveryByte(int offset)
    {
        byte[] bytes = [.. Enumerable.Range(0, 523).Select(static index => (byte)(index * 11))];
        using NativeBuffer memory = Copy(bytes);
        byte[] found = Read(new OffsetReader(new MemoryReader(memory, ElementType.UInt8, bytes.Length), offset, ElementType.UInt8), 3, 520);
        Assert.Equal([.. bytes.Skip(3).Select(value => unchecked((byte)(value + offset)))], found);
    }

    /// <summary>Matrices [batch, K, N] whose columns lie two elements to a byte: every word, and any piece of them, is what the definition of words says.</summary>
    [Theory]
    [InlineData(1, 64, 48, 16, 0, 0)]
    [InlineData(1, 8, 1, 32, 8, 0)]
    [InlineData(2, 32, 37, 16, 8, 0)]
    [InlineData(3, 16, 5, 32, -1, 4)]
    [InlineData(1, 40, 33, 8, 13, 24)]
    [InlineData(2, 2072, 40, 32, 8, 2)]
    [InlineData(1, 4096, 33, 32, 0, 0)]
    public void WordsOfPackedElementsAreMadeWithoutUnpackingThem(int batch, int rows, int columns, int width, int offset, int before)
    {
        long pitch = rows + 2;
        byte[] bytes = new byte[(before + (batch * columns * pitch) + 7) / 2];
        new Random(5).NextBytes(bytes);
        using NativeBuffer memory = Copy(bytes);
        var matrices = new StridedView(memory, before, [batch, rows, columns], [columns * pitch, 1, pitch]);
        Assert.True(NibbleReader.Applies(matrices));
        var reader = new NibbleReader(matrices, offset, width);
        var expected = new List<uint>();
        for (int matrix = 0; matrix < batch; matrix++)
        {
            for (int firstColumn = 0; firstColumn < columns; firstColumn += width)
            {
                for (int k = 0; k < rows; k += 8)
                {
                    for (int column = firstColumn; column < firstColumn + width; column++)
                    {
                        uint word = 0;
                        for (int j = 0; j < 8 && column < columns; j++)
                        {
                            long position = before + (((matrix * columns) + column) * pitch) + k + j;
                            int element = ((bytes[position / 2] >> (int)(position % 2 * 4)) + offset) & 15;
                            word |= (uint)element << ((8 * (j & 3)) + (4 * (j >> 2)));
                        }

                        expected.Add(word);
                    }
                }
            }
        }

        Assert.Equal(expected.Count, reader.Count);
        foreach ((int first, int count) in new[] { (0, expected.Count), (1, expected.Count - 1), (width - 1, Math.Min(3, expected.Count - width + 1)) })
        {
            byte[] found = Read(reader, first, count * sizeof(uint), count);
            Assert.Equal(expected.Skip(first).Take(count), MemoryMarshal.Cast<byte, uint>(found).ToArray());
        }
    }

    /// <summary>Words that are not whole bytes of the file take the other way.</summary>
    [Fact]
    public void WordsOfElementsThatDoNotFollowEachOtherAreNotMadeSo()
    {
        using var memory = new NativeBuffer(1024);
        Assert.False(NibbleReader.Applies(new StridedView(memory, 0, [1, 16, 16], [0, 16, 1])));
        Assert.False(NibbleReader.Applies(new StridedView(memory, 1, [1, 16, 16], [0, 1, 16])));
        Assert.False(NibbleReader.Applies(new StridedView(memory, 0, [1, 12, 16], [0, 1, 16])));
        Assert.False(NibbleReader.Applies(new StridedView(memory, 0, [1, 16, 16], [0, 1, 17])));
        Assert.False(NibbleReader.Applies(new StridedView(memory, 0, [2, 16, 16], [257, 1, 16])));
    }

    private static NativeBuffer Copy(byte[] bytes)
    {
        var memory = new NativeBuffer(bytes.Length);
        bytes.CopyTo(new Span<byte>(memory.Pointer, bytes.Length));
        return memory;
    }

    private static byte[] Read(ElementReader reader, int first, int count) => Read(reader, first, count, count);

    private static byte[] Read(ElementReader reader, int first, int bytes, int count)
    {
        // A byte behind what is asked for must stay as it is.
        byte[] found = new byte[bytes + 1];
        found[bytes] = 0xA5;
        fixed (byte* destination = found)
        {
            reader.Read(first, count, destination);
        }

        Assert.Equal(0xA5, found[bytes]);
        return found[..bytes];
    }
}
