using Cameo.Memory;
using Cameo.Tests.Infrastructure;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Cameo.Tests.Sessions;

public sealed class ArenaPlacementTests
{
    [Fact]
    public void AChainUsesTwoBuffersInTurn()
    {
        // a -> b -> c -> d, each written while the one before is read: two places are enough.
        long[] offsets = ArenaPlacement.Place([100, 100, 100, 100], [0, 1, 2, 3], [1, 2, 3, 4], out long total);
        Assert.Equal(256, total);
        Assert.Equal([0, 128, 0, 128], offsets);
    }

    [Fact]
    public void ASmallBufferGoesIntoTheSmallestGapThatHoldsIt()
    {
        // At step 5 gaps of 640 (below buffer 1) and 128 bytes (below buffer 3) are free; buffer 4 needs 128.
        long[] sizes = [640, 1024, 128, 64, 128];
        int[] first = [0, 0, 0, 0, 5];
        int[] last = [4, 9, 4, 9, 9];
        long[] offsets = ArenaPlacement.Place(sizes, first, last, out long total);
        AssertValid(sizes, first, last, offsets, total);
        Assert.Equal(640 + 1024 + 128 + 64, total);
    }

    [Fact]
    public void NothingNeedsNoMemory()
    {
        Assert.Empty(ArenaPlacement.Place([], [], [], out long none));
        Assert.Equal(0, none);
        Assert.Equal([0L, 0L], ArenaPlacement.Place([0, 0], [0, 0], [1, 1], out long empty));
        Assert.Equal(0, empty);
    }

    [Fact]
    public void BadArgumentsAreRefused()
    {
        Assert.Throws<ArgumentException>(() => ArenaPlacement.Place([-1], [0], [0], out _));
        Assert.Throws<ArgumentException>(() => ArenaPlacement.Place([1], [2], [1], out _));
        Assert.Throws<ArgumentException>(() => ArenaPlacement.Place([1, 2], [0], [0], out _));
        Assert.Throws<OverflowException>(() => ArenaPlacement.Place([long.MaxValue - 100, 1000], [0, 0], [0, 0], out _));
        Assert.Throws<OverflowException>(() => ArenaPlacement.Place([long.MaxValue], [0], [0], out _));
    }

    [Fact]
    public void EveryPlacementIsValid() => Prop.ForAll(
        Buffers().ToArbitrary(),
        buffers =>
        {
            long[] offsets = ArenaPlacement.Place(buffers.Sizes, buffers.FirstUse, buffers.LastUse, out long total);
            AssertValid(buffers.Sizes, buffers.FirstUse, buffers.LastUse, offsets, total);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithEndSize(80));

    [Fact]
    public void BuffersInUseTogetherAllTheTimeTakeTheirSum() => Prop.ForAll(
        Buffers().ToArbitrary(),
        buffers =>
        {
            int count = buffers.Sizes.Length;
            ArenaPlacement.Place(buffers.Sizes, new int[count], new int[count], out long total);
            Assert.Equal(buffers.Sizes.Sum(ArenaPlacement.Align), total);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void PlacementWithItsWorkArrayAllocatesNothingAndIsRepeatable()
    {
        const int Count = 200;
        var random = new Random(7);
        long[] sizes = [.. Enumerable.Range(0, Count).Select(_ => random.NextInt64(1, 100_000))];
        int[] first = [.. Enumerable.Range(0, Count)];
        int[] last = [.. first.Select(step => step + random.Next(10))];
        long[] offsets = new long[Count];
        int[] work = new int[ArenaPlacement.WorkLength(Count)];
        long expected = ArenaPlacement.Place(Count, sizes, first, last, offsets, work);
        long[] expectedOffsets = [.. offsets];
        long total = 0;
        Assert.Equal(0, ThreadAllocations.Measure(() => total = ArenaPlacement.Place(Count, sizes, first, last, offsets, work)));
        Assert.Equal(expected, total);
        Assert.Equal(expectedOffsets, offsets);
        Assert.True(total <= 1.25 * Peak(sizes, first, last), $"{total} bytes for a peak of {Peak(sizes, first, last)}");
    }

    private static Gen<(long[] Sizes, int[] FirstUse, int[] LastUse)> Buffers()
    {
        Gen<(long Size, int First, int Length)> one =
            from size in Gen.Frequency((1, Gen.Constant(0)), (6, Gen.Choose(1, 5000)), (3, Gen.Elements(64, 128, 4096)))
            from first in Gen.Choose(0, 30)
            from length in Gen.Choose(0, 12)
            select ((long)size, first, length);
        return from list in Gen.ListOf(one)
               select (list.Select(b => b.Size).ToArray(), list.Select(b => b.First).ToArray(), list.Select(b => b.First + b.Length).ToArray());
    }

    private static void AssertValid(long[] sizes, int[] first, int[] last, long[] offsets, long total)
    {
        Assert.True(total <= sizes.Sum(ArenaPlacement.Align));
        Assert.True(total >= Peak(sizes, first, last));
        for (int a = 0; a < sizes.Length; a++)
        {
            Assert.Equal(0, offsets[a] % ArenaPlacement.Alignment);
            Assert.InRange(offsets[a], 0, total - sizes[a]);
            for (int b = 0; b < a; b++)
            {
                bool together = first[a] <= last[b] && first[b] <= last[a];
                bool overlap = offsets[a] < offsets[b] + sizes[b] && offsets[b] < offsets[a] + sizes[a];
                Assert.False(together && overlap && sizes[a] > 0 && sizes[b] > 0, $"buffers {a} and {b} overlap");
            }
        }
    }

    private static long Peak(long[] sizes, int[] first, int[] last) => Enumerable.Range(0, last.DefaultIfEmpty(0).Max() + 1)
        .Max(step => Enumerable.Range(0, sizes.Length).Where(b => first[b] <= step && step <= last[b]).Sum(b => ArenaPlacement.Align(sizes[b])));
}
