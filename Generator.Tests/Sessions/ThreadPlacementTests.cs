using Cameo.Threading;
using Xunit;

namespace Cameo.Tests.Sessions;

public sealed class ThreadPlacementTests
{
    [SkippableFact]
    public void AThreadLeavesTheProcessorItIsKeptOff()
    {
        Skip.IfNot(ThreadPlacement.IsSupported, "Threads are placed on Linux with several processors only.");
        var seen = new List<(int KeptOff, int Processor)>();
        var thread = new Thread(() =>
        {
            // Twice: the second time it must not stay off the first processor too, or a pair of processors would have none left.
            for (int round = 0; round < 2; round++)
            {
                int processor = ThreadPlacement.CurrentProcessor();
                ThreadPlacement.KeepOff(ThreadPlacement.CurrentThread(), processor);
                for (int look = 0; look < 1000; look++)
                {
                    seen.Add((processor, ThreadPlacement.CurrentProcessor()));
                    Thread.Yield();
                }
            }
        });
        thread.Start();
        thread.Join();

        Assert.Equal(2000, seen.Count);
        Assert.All(seen, static look => Assert.NotEqual(look.KeptOff, look.Processor));
    }

    [SkippableFact]
    public void ThreadsKnowTheirNumbersApart()
    {
        Skip.IfNot(ThreadPlacement.IsSupported, "Threads are placed on Linux with several processors only.");
        int other = 0;
        var thread = new Thread(() => other = ThreadPlacement.CurrentThread());
        thread.Start();
        thread.Join();

        Assert.True(other > 0);
        Assert.NotEqual(ThreadPlacement.CurrentThread(), other);
    }

    [SkippableTheory]
    [InlineData(-1)]
    [InlineData(1024)]
    [InlineData(int.MaxValue)]
    public void ProcessorsThatNoneHasAreIgnored(int processor)
    {
        Skip.IfNot(ThreadPlacement.IsSupported, "Threads are placed on Linux with several processors only.");
        ThreadPlacement.KeepOff(ThreadPlacement.CurrentThread(), processor);

        Assert.InRange(ThreadPlacement.CurrentProcessor(), 0, 1023);
    }
}
