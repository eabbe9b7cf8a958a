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

    private static NativeBuffer Copy(byte[] bytes)
    {
        var memory = new NativeBuffer(bytes.Length);
        bytes.CopyTo(new Span<byte>(memory.Pointer, bytes.Length));
        return memory;
    }

    private static byte[] Read(ElementReader reader, int first, int count)
    {
        // A byte behind what is asked for must stay as it is.
        byte[] found = new byte[count + 1];
        found[count] = 0xA5;
        fixed (byte* destination = found)
        {
            reader.Read(first, count, destination);
        }

        Assert.Equal(0xA5, found[count]);
        return found[..count];
    }
}
