using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Cameo.Tests.Infrastructure;
using Cameo.Threading;
using Xunit;

namespace Cameo.Tests.Sessions;

public sealed unsafe class WorkerPoolTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 7)]
    [InlineData(2, 2)]
    [InlineData(4, 4)]
    [InlineData(4, 3)]
    [InlineData(4, 1000)]
    [InlineData(9, 9)]
    [InlineData(4, 0)]
    public void EveryPartRunsExactlyOnce(int threads, int parts)
    {
        var workers = new Workers(threads);
        int[] counts = new int[parts];
        for (int round = 1; round <= 50; round++)
        {
            var work = new CountingWork(counts);
            workers.Run(ref work, parts);
            Assert.All(counts, count => Assert.Equal(round, count));
        }
    }

    [Fact]
    public void NoMoreThreadsThanProcessorsAreUsed()
    {
        var pool = new WorkerPool("Cameo few", processors: 2);
        var work = new SummingWork();
        pool.BeginSession(8);
        pool.Run(ref work, 100, threads: 8);
        pool.EndSession();
        Assert.Equal(4950, work.Sum);
        Assert.Equal(1, pool.StartedWorkers);
    }

    [Fact]
    public void ChangesToTheWorkReachTheCaller()
    {
        var work = new SummingWork();
        new Workers(3).Run(ref work, 100);
        Assert.Equal(4950, work.Sum);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void TheExceptionOfTheLowestPartReachesTheCaller(int threads)
    {
        var workers = new Workers(threads);
        for (int round = 0; round < 100; round++)
        {
            var failing = new FailingWork(from: 5);
            var exception = Assert.Throws<InvalidOperationException>(() => workers.Run(ref failing, 16));
            Assert.Equal("part 5", exception.Message);
            Assert.Contains(nameof(FailingWork), exception.StackTrace, StringComparison.Ordinal);

            var good = new SummingWork();
            workers.Run(ref good, 10);
            Assert.Equal(45, good.Sum);
        }
    }

    [Fact]
    public void ARunInsideAPartRunsAllItsParts()
    {
        int[] counts = new int[8 * 8];
        var work = new NestedWork(counts, new Workers(4));
        new Workers(4).Run(ref work, 8);
        Assert.All(counts, count => Assert.Equal(1, count));
    }

    [Fact]
    public void ManyCallersAtOnceAllFinish()
    {
        // More threads than most machines have processors. Numbers of parts and threads change from run to run, some runs fail, and some callers pause: a worker that is late for one run
        // meets another of every kind.
        var pool = new WorkerPool("Cameo crowd", processors: 8);
        long end = Stopwatch.GetTimestamp() + (2 * Stopwatch.Frequency);
        var errors = new ConcurrentQueue<Exception>();
        Thread[] callers = [.. Enumerable.Range(0, 5).Select(seed => new Thread(() => Call(pool, new Random(seed), end, errors)))];
        foreach (Thread caller in callers)
        {
            caller.IsBackground = true;
            caller.Start();
        }

        foreach (Thread caller in callers)
        {
            Assert.True(caller.Join(TimeSpan.FromSeconds(60)), "a caller hangs");
        }

        Assert.Empty(errors);
    }

    [Fact]
    public void PartsRunOnSeveralThreadsAtOnce()
    {
        // Both parts wait for each other: this ends only if two threads are in the run. In the shared pool, busy with another test, they need not be.
        var pool = new WorkerPool("Cameo meeting", processors: 8);
        var work = new MeetingWork(new Barrier(2));
        pool.Run(ref work, 2, threads: 2);
        Assert.True(work.Met);
    }

    [Fact]
    public void ARunAllocatesNothing()
    {
        var workers = new Workers(4);
        var work = new SummingWork();
        workers.Run(ref work, 4);
        Thread.Sleep(5);
        workers.Run(ref work, 4);
        Assert.Equal(0, ThreadAllocations.Measure(() =>
        {
            for (int round = 0; round < 200; round++)
            {
                workers.Run(ref work, 4);
                if (round % 50 == 0)
                {
                    Thread.Sleep(2);
                }
            }
        }));
    }

    [SkippableFact]
    public void IdleWorkersTakeNoProcessorTime()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Processor time of single threads is read from Linux's /proc.");

        // A pool of its own: other tests keep the shared one busy. Thread names are cut at 15 characters by the system.
        var pool = new WorkerPool("Cameo idle", processors: 8);
        var work = new SummingWork();
        for (int round = 0; round < 100; round++)
        {
            pool.Run(ref work, 4, threads: 4);
        }

        Assert.Equal(3, pool.StartedWorkers);

        // A session that is long busy with kernels of one thread: the workers wake for it, and sleep again before it ends.
        pool.BeginSession(4);
        Thread.Sleep(200);
        (int threads, double before) = ProcessorMilliseconds("Cameo idle");
        Thread.Sleep(500);
        (_, double after) = ProcessorMilliseconds("Cameo idle");
        Assert.Equal(3, threads);
        Assert.InRange(after - before, 0, 1);
        pool.EndSession();

        // And they come back to work.
        var meeting = new MeetingWork(new Barrier(4));
        pool.Run(ref meeting, 4, threads: 4);
        Assert.True(meeting.Met);
    }

    [SkippableFact]
    public void RunsFarApartLeaveTheProcessorsIdleBetween()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Processor time of single threads is read from Linux's /proc.");
        var pool = new WorkerPool("Cameo apart", processors: 8);
        var work = new SummingWork();
        pool.Run(ref work, 2, threads: 2);
        Thread.Sleep(50);
        (_, double before) = ProcessorMilliseconds("Cameo apart");
        const int runs = 40;
        for (int run = 0; run < runs; run++)
        {
            pool.BeginSession(2);
            pool.Run(ref work, 2, threads: 2);
            pool.EndSession();
            Thread.Sleep(10);
        }

        (_, double after) = ProcessorMilliseconds("Cameo apart");

        // The longest spin after each run would be 40 ms.
        Assert.InRange(after - before, 0, runs * WorkerPool.SpinMicroseconds / 1000 / 2);
    }

    [Fact]
    public void AnnouncedWorkersComeToTheRun()
    {
        // All parts wait for each other: this ends only if three threads are in the run, however the announcement and the order meet workers that fall asleep.
        var pool = new WorkerPool("Cameo awaited", processors: 8);
        var first = new SummingWork();
        pool.Run(ref first, 3, threads: 3);
        for (int round = 0; round < 20; round++)
        {
            Thread.Sleep(3);
            pool.BeginSession(3);
            var meeting = new MeetingWork(new Barrier(3));
            pool.Run(ref meeting, 3, threads: 3);
            pool.EndSession();
            Assert.True(meeting.Met);
        }
    }

    [Fact]
    public void ABusyPoolLeavesARunToItsCaller()
    {
        var pool = new WorkerPool("Cameo busy", processors: 8);
        using var inside = new Barrier(2);
        using var leave = new ManualResetEventSlim();
        var first = new Thread(() =>
        {
            var blocking = new BlockingWork(inside, leave);
            pool.Run(ref blocking, 2, threads: 2);
        });
        first.Start();
        inside.SignalAndWait();
        var recorded = new ThreadRecordingWork(new int[6]);
        pool.Run(ref recorded, 6, threads: 4);
        Assert.All(recorded.Threads, thread => Assert.Equal(Environment.CurrentManagedThreadId, thread));
        leave.Set();
        first.Join();
    }

    [Theory]
    [InlineData(null, 4, 4)]
    [InlineData("", 4, 4)]
    [InlineData("3", 4, 3)]
    [InlineData("16", 4, 16)]
    [InlineData("0", 4, 4)]
    [InlineData("-2", 4, 4)]
    [InlineData("two", 4, 4)]
    [InlineData("100000", 4, WorkerPool.MaximumThreads)]
    public void TheDefaultThreadCountComesFromTheEnvironmentElseTheProcessors(string? environment, int processors, int expected) =>
        Assert.Equal(expected, WorkerPool.DefaultThreads(environment, processors));

    [Fact]
    public void ScratchIsAlignedKeptAndApart()
    {
        using var scratch = new WorkerScratch();
        var workers = new Workers(2, scratch);
        byte* first = workers.Scratch(0, 100);
        byte* second = workers.Scratch(1, 100_000);
        byte* shared = workers.SharedScratch(64);
        Assert.All(new[] { (nint)first, (nint)second, (nint)shared }, address => Assert.Equal(0, address % 64));
        new Span<byte>(first, 100).Fill(1);
        new Span<byte>(second, 100_000).Fill(2);
        new Span<byte>(shared, 64).Fill(3);
        Assert.Equal(-1, new Span<byte>(first, 100).IndexOfAnyExcept((byte)1));
        Assert.Equal(-1, new Span<byte>(second, 100_000).IndexOfAnyExcept((byte)2));
        Assert.Equal((nint)second, (nint)workers.Scratch(1, 50_000));
        Assert.True(scratch.Bytes >= 100_164);
        workers.Scratch(0, 10_000_000)[9_999_999] = 1;
        scratch.Dispose();
        Assert.Equal(0, scratch.Bytes);
        Assert.Throws<ObjectDisposedException>(() => { workers.Scratch(0, 1); });
    }

    [Fact]
    public void DefaultWorkersRunSeriallyAndHaveNoScratch()
    {
        Workers workers = default;
        Assert.Equal(1, workers.Count);
        var work = new SummingWork();
        workers.Run(ref work, 3);
        Assert.Equal(3, work.Sum);
        Assert.Throws<InvalidOperationException>(() => { default(Workers).Scratch(0, 1); });
        Assert.Throws<ArgumentOutOfRangeException>(() => new Workers(0));
    }

    private static void Call(WorkerPool pool, Random random, long end, ConcurrentQueue<Exception> errors)
    {
        try
        {
            while (Stopwatch.GetTimestamp() < end)
            {
                int parts = random.Next(1, 9);
                bool isAnnounced = random.Next(2) == 0;
                if (isAnnounced)
                {
                    pool.BeginSession(random.Next(1, 6));
                }

                var work = new SummingWork();
                pool.Run(ref work, parts, threads: random.Next(1, 6));
                Assert.Equal(parts * (parts - 1) / 2, work.Sum);
                if (isAnnounced)
                {
                    pool.EndSession();
                }

                if (random.Next(200) == 0)
                {
                    var failing = new FailingWork(from: 0);
                    Assert.Throws<InvalidOperationException>(() => pool.Run(ref failing, parts, threads: 4));
                }

                if (random.Next(50) == 0)
                {
                    Thread.SpinWait(random.Next(5000));
                }
            }
        }
        catch (Exception exception)
        {
            errors.Enqueue(exception);
        }
    }

    private static (int Threads, double Milliseconds) ProcessorMilliseconds(string threadName)
    {
        int threads = 0;
        double milliseconds = 0;
        foreach (string task in Directory.GetDirectories("/proc/self/task"))
        {
            try
            {
                if (File.ReadAllText(Path.Combine(task, "comm")).StartsWith(threadName, StringComparison.Ordinal))
                {
                    // First number: nanoseconds on a processor.
                    string nanoseconds = File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ')[0];
                    milliseconds += double.Parse(nanoseconds, CultureInfo.InvariantCulture) / 1e6;
                    threads++;
                }
            }
            catch (IOException)
            {
                // A thread of another test ended meanwhile.
            }
        }

        return (threads, milliseconds);
    }

    private readonly struct BlockingWork(Barrier inside, ManualResetEventSlim leave) : IParallelWork
    {
        public void Run(int part, int parts)
        {
            if (part == 0)
            {
                inside.SignalAndWait();
                leave.Wait();
            }
        }
    }

    private readonly struct ThreadRecordingWork(int[] threads) : IParallelWork
    {
        public int[] Threads => threads;

        public void Run(int part, int parts) => threads[part] = Environment.CurrentManagedThreadId;
    }

    private readonly struct CountingWork(int[] counts) : IParallelWork
    {
        public void Run(int part, int parts) => Interlocked.Increment(ref counts[part]);
    }

    private struct SummingWork : IParallelWork
    {
        public int Sum;

        public void Run(int part, int parts) => Interlocked.Add(ref Sum, part);
    }

    private readonly struct FailingWork(int from) : IParallelWork
    {
        public void Run(int part, int parts)
        {
            if (part >= from)
            {
                throw new InvalidOperationException($"part {part}");
            }
        }
    }

    private struct NestedWork(int[] counts, Workers workers) : IParallelWork
    {
        public void Run(int part, int parts)
        {
            var inner = new OffsetWork(counts, part * 8);
            workers.Run(ref inner, 8);
        }
    }

    private readonly struct OffsetWork(int[] counts, int offset) : IParallelWork
    {
        public void Run(int part, int parts) => Interlocked.Increment(ref counts[offset + part]);
    }

    private struct MeetingWork(Barrier barrier) : IParallelWork
    {
        public bool Met;

        public void Run(int part, int parts)
        {
            bool met = barrier.SignalAndWait(TimeSpan.FromSeconds(10));
            if (part == 0)
            {
                Met = met;
            }
        }
    }
}
