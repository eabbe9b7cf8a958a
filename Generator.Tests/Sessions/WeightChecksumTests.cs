using System.Text;
using Cameo.Memory;
using Xunit;

namespace Cameo.Tests.Sessions;

public sealed class WeightChecksumTests
{
    // Published values of XXH64 with seed 0.
    [Theory]
    [InlineData("", 0xEF46DB3751D8E999)]
    [InlineData("a", 0xD24EC4F1A98C6E5B)]
    [InlineData("abc", 0x44BC2CF5AD770999)]
    [InlineData("Nobody inspects the spammish repetition", 0xFBCEA83C8A378BF1)]
    public void PublishedValuesAreMet(string text, ulong expected) => Assert.Equal(expected, Compute(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void PiecesOfAnyLengthGiveTheSameSum()
    {
        byte[] bytes = new byte[1000];
        new Random(3).NextBytes(bytes);
        ulong expected = Compute(bytes);
        var random = new Random(4);
        for (int round = 0; round < 200; round++)
        {
            var checksum = new WeightChecksum();
            for (int offset = 0; offset < bytes.Length;)
            {
                int count = Math.Min(random.Next(0, 70), bytes.Length - offset);
                checksum.Append(bytes, offset, count);
                offset += count;
            }

            Assert.Equal(expected, checksum.Finish());
        }
    }

    [Fact]
    public void EveryBitCounts()
    {
        byte[] bytes = new byte[77];
        new Random(5).NextBytes(bytes);
        var sums = new HashSet<ulong> { Compute(bytes) };
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.True(sums.Add(Compute(bytes)), $"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    internal static ulong Compute(byte[] bytes)
    {
        var checksum = new WeightChecksum();
        checksum.Append(bytes, 0, bytes.Length);
        return checksum.Finish();
    }
}
