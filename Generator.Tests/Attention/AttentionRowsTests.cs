using Cameo.Kernels;
using Cameo.Threading;
using Xunit;

namespace Cameo.Tests.AttentionKernels;

/// <summary>Lengths of rows, and past and new keys one after the other.</summary>
public sealed unsafe class AttentionRowsTests
{
    [Fact]
    public void LengthsAreClampedToTheMemoryAndPositionsAreNot()
    {
        int[] lengths = [5, 0, 2, 99, -1];
        var keys = new int[5];
        var offsets = new int[5];
        fixed (int* length = lengths, key = keys, offset = offsets)
        {
            AttentionLengths.Read(length, 5, 3, 8, key, offset);
        }

        Assert.Equal([5, 0, 2, 8, 0], keys);
        Assert.Equal([2, -3, -1, 96, -4], offsets);
    }

    [Fact]
    public void TotalsAreSplitIntoPastAndNew()
    {
        int[] totals = [7, 3, 1, 0];
        var keys = new int[4];
        var past = new int[4];
        fixed (int* total = totals, key = keys, before = past)
        {
            AttentionLengths.Split("node", total, 4, 3, 4, 7, key, before);
        }

        Assert.Equal([7, 3, 1, 0], keys);
        Assert.Equal([4, 0, 0, 0], past);
    }

    [Theory]
    [InlineData(8)] // more than past and new
    [InlineData(-1)]
    public void TotalsThatThereAreNotAreRefused(int total)
    {
        ArgumentException exception = Assert.Throws<ArgumentException>(() => Split(total));
        Assert.Contains("node 'a'", exception.Message, StringComparison.Ordinal);
        Assert.Contains($"{total} keys", exception.Message, StringComparison.Ordinal);
    }

    private static void Split(int total)
    {
        int keys, past;
        AttentionLengths.Split("node 'a'", &total, 1, 3, 4, 9, &keys, &past);
    }

    [Fact]
    public void APresentOfAnotherLengthIsRefused()
    {
        AttentionLengths.CheckPresent("node", 9, 6, 9);
        AttentionLengths.CheckPresent("node", 9, 32, 32);
        Assert.Throws<ArgumentException>(() => AttentionLengths.CheckPresent("node", 9, 6, 10));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(2, true)]
    public void NewKeysFollowEachRowsPast(int threads, bool keepsRest)
    {
        const int Batch = 3, Heads = 2, Past = 7, New = 2, Present = 7, Size = 3;
        float[] past = [.. Enumerable.Range(1, Batch * Heads * Past * Size).Select(static x => (float)x)];
        float[] current = [.. Enumerable.Range(1, Batch * New * Heads * Size).Select(static x => (float)-x)];
        int[] lengths = [4, 0, 2];
        var present = new float[Batch * Heads * Present * Size];
        present.AsSpan().Fill(float.NaN);
        fixed (float* before = past, added = current, target = present)
        fixed (int* length = lengths)
        {
            // The new keys come as [batch, sequence, heads, size].
            AttentionJoin.Run(new Workers(threads), new AttentionJoin
            {
                Past = (byte*)before, PastBatchStride = Heads * Past * Size, PastHeadStride = Past * Size, PastSequenceStride = Size,
                New = (byte*)added, NewBatchStride = New * Heads * Size, NewHeadStride = Size, NewSequenceStride = Heads * Size,
                Present = (byte*)target, Batch = Batch, Heads = Heads, NewLength = New, PresentLength = Present, PastLengths = length, HeadSize = Size, ElementBytes = sizeof(float), KeepsRest = keepsRest,
            });
        }

        for (int index = 0; index < present.Length; index++)
        {
            int element = index % Size, key = index / Size % Present, head = index / Size / Present % Heads, row = index / Size / Present / Heads;
            int step = key - lengths[row];
            float expected = key < lengths[row] || (keepsRest && step >= New) ? past[((((row * Heads) + head) * Past) + key) * Size + element]
                : step < New ? current[((((row * New) + step) * Heads) + head) * Size + element]
                : 0;
            Assert.Equal(expected, present[index]);
        }
    }
}
