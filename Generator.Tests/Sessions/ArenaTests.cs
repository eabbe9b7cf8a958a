using System.Runtime.CompilerServices;
using Cameo.Memory;
using Xunit;

namespace Cameo.Tests.Sessions;

public sealed unsafe class ArenaTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(1_000_000)]
    public void TheBlockIsAlignedAndLargeEnough(int bytes)
    {
        for (int round = 0; round < 20; round++)
        {
            using var arena = new Arena(bytes);
            Assert.True(arena.Pointer != null);
            Assert.Equal(0, (nint)arena.Pointer % Arena.Alignment);
            Assert.Equal(bytes, arena.Bytes);
            new Span<byte>(arena.Pointer, bytes).Fill((byte)round);
            Assert.Equal(-1, new Span<byte>(arena.Pointer, bytes).IndexOfAnyExcept((byte)round));
        }
    }

    [Fact]
    public void ImpossibleSizesAreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Arena(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Arena(long.MaxValue));
    }

    [Fact]
    public void DisposalGivesTheBlockUp()
    {
        var arena = new Arena(100);
        arena.Dispose();
        Assert.True(arena.Pointer == null);
        Assert.Equal(0, arena.Bytes);
    }

    [Fact]
    public void ASpanKeepsItsBlockAliveAfterTheArenaIsGone()
    {
        WeakReference block = CheckThatASpanKeepsItsBlock();
        Collect();
        Assert.False(block.IsAlive);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference CheckThatASpanKeepsItsBlock()
    {
        Span<int> span = TakeSpan(out WeakReference block);
        Collect();
        Assert.True(block.IsAlive);
        Assert.Equal(-1, span.IndexOfAnyExcept(42));
        return block;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Span<int> TakeSpan(out WeakReference block)
    {
        var arena = new Arena(1_000_000);
        var span = new Span<int>(arena.Pointer + 64, 1000);
        span.Fill(42);
        block = new WeakReference(arena.Block);
        arena.Dispose();
        return span;
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }
}
