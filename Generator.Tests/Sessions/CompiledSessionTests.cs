using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.Sessions;

public sealed class CompiledSessionTests : IDisposable
{
    private static readonly float[] Ones = [1, 1, 1];
    private static readonly float[] Expected = [22, 33, 55];

    private readonly ScaleModel _model = new();
    private readonly ScaleModel.Session _session;

    public CompiledSessionTests() => _session = _model.CreateSession();

    public void Dispose()
    {
        _session.Dispose();
        _model.Dispose();
    }

    [Fact]
    public void ATypedRunGivesItsResultAndAllocatesNothing()
    {
        Assert.Equal([22, 33, 55, 24, 36, 60], _session.Run([1, 1, 1, 2, 2, 2], 2).ToArray());
        Assert.Equal(0, ThreadAllocations.Measure(() =>
        {
            for (int round = 0; round < 100; round++)
            {
                _session.Run(Ones, 1);
            }
        }));
    }

    [Fact]
    public void TheArenaGrowsWithTheShapeAndStaysAligned()
    {
        _session.Run(Ones, 1);
        Assert.Equal(12, _session.ArenaSize);
        _session.Run(new float[12], 4);
        Assert.Equal(48, _session.ArenaSize);
        nint address = _session.ArenaAddress;
        Assert.Equal(0, address % 64);
        _session.Run(Ones, 1);
        Assert.Equal(address, _session.ArenaAddress);
    }

    [Fact]
    public void AnUntypedRunGivesCopies()
    {
        IReadOnlyDictionary<string, Tensor> outputs = _session.Run(Inputs(Tensor.Create([1f, 1, 1, 2, 2, 2], 2, 3)));
        _session.Run(new float[3], 1);
        Assert.Equal([22, 33, 55, 24, 36, 60], outputs["scaled"].AsSpan<float>().ToArray());
        Assert.Equal([2, 3], outputs["scaled"].Shape.ToArray());
        Assert.Equal([1], outputs["new_count"].AsSpan<long>().ToArray());
        Assert.Equal(2, outputs.Count);
    }

    [Fact]
    public void WrongInputsAreNamedAndTheSessionStaysUsable()
    {
        Tensor good = Tensor.Create(Ones, 1, 3);
        var missing = Refused<MissingInputException>([]);
        Assert.Equal("x", missing.Input);
        var unknown = Refused<UnknownInputException>(new() { ["x"] = good, ["z"] = good });
        Assert.Equal("z", unknown.Input);
        Assert.Contains("x, count", unknown.Message, StringComparison.Ordinal);
        var type = Refused<WrongElementTypeException>(Inputs(Tensor.Create(new double[3], 1, 3)));
        Assert.Equal((ElementType.Float32, ElementType.Float64), (type.Expected, type.Actual));
        var rank = Refused<WrongRankException>(Inputs(Tensor.Create(Ones, 3)));
        Assert.Equal((2, 1), (rank.Expected, rank.Actual));
        var size = Refused<DimensionMismatchException>(Inputs(Tensor.Create(new float[4], 1, 4)));
        Assert.Equal((1, "", 3L, 4L), (size.Axis, size.DimensionName, size.Expected, size.Actual));
        var bounds = Refused<DimensionOutOfBoundsException>(Inputs(Tensor.Create(new float[15], 5, 3)));
        Assert.Equal(("rows", 5L, 1L, 4L), (bounds.DimensionName, bounds.Value, bounds.Minimum, bounds.Maximum));
        Assert.Contains("OnnxDimensions", bounds.Message, StringComparison.Ordinal);
        var length = Assert.Throws<WrongLengthException>(() => _session.Run(Ones, 2).ToArray());
        Assert.Equal("Input 'x' needs 6 elements, but 3 came.", length.Message);
        Assert.Equal(Expected, _session.Run(Ones, 1).ToArray());
    }

    [Fact]
    public void AFailedRunLeavesTheSessionUsable()
    {
        _session.Running = () => throw new InvalidOperationException("a kernel failed");
        Assert.Throws<InvalidOperationException>(() => _session.Run(Ones, 1).ToArray());
        Assert.Throws<InvalidOperationException>(() => _session.Run(Inputs(Tensor.Create(Ones, 1, 3))));
        _session.Running = null;
        Assert.Equal(Expected, _session.Run(Ones, 1).ToArray());
    }

    [Fact]
    public void ASecondThreadIsRefusedAndTheFirstFinishes()
    {
        using var inside = new ManualResetEventSlim();
        using var leave = new ManualResetEventSlim();
        _session.Running = () =>
        {
            inside.Set();
            leave.Wait();
        };
        float[]? result = null;
        var thread = new Thread(() => result = _session.Run(Ones, 1).ToArray());
        thread.Start();
        inside.Wait();
        try
        {
            Assert.Throws<ConcurrentSessionUseException>(() => _session.Run(Ones, 1).ToArray());
            Assert.Throws<ConcurrentSessionUseException>(() => _session.Run(Inputs(Tensor.Create(Ones, 1, 3))));
            Assert.Throws<ConcurrentSessionUseException>(() => _session.ReadState("count"));
            Assert.Throws<ConcurrentSessionUseException>(_session.Reset);
            Assert.Throws<ConcurrentSessionUseException>(_session.Fork);
            var exception = Assert.Throws<ConcurrentSessionUseException>(_session.Dispose);
            Assert.Contains("'Scale'", exception.Message, StringComparison.Ordinal);
        }
        finally
        {
            leave.Set();
            thread.Join();
        }

        Assert.Equal(Expected, result);
        _session.Running = null;
        Assert.Equal(Expected, _session.Run(Ones, 1).ToArray());
    }

    [Fact]
    public void ARunInsideARunIsRefused()
    {
        _session.Running = () => _session.Run(Ones, 1);
        Assert.Throws<ConcurrentSessionUseException>(() => _session.Run(Ones, 1).ToArray());
    }

    [Fact]
    public void ADisposedSessionRefusesEverything()
    {
        _session.Dispose();
        _session.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _session.Run(Ones, 1).ToArray());
        Assert.Throws<ObjectDisposedException>(() => _session.Run(Inputs(Tensor.Create(Ones, 1, 3))));
        Assert.Throws<ObjectDisposedException>(() => _session.ReadState("count"));
        Assert.Throws<ObjectDisposedException>(_session.Reset);
        Assert.Throws<ObjectDisposedException>(_session.Fork);
        Assert.Equal(0, _session.ArenaSize);
    }

    [Fact]
    public void ResultsStayReadableAfterDisposal()
    {
        ReadOnlySpan<float> result = _session.Run(Ones, 1);
        _session.Dispose();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(Expected, result.ToArray());
    }

    [Fact]
    public void StatesAreLoadedReadResetAndForkedByName()
    {
        _session.Run(Ones, 1);
        Assert.Equal(1, Count(_session.ReadState("new_count")));
        _session.LoadState("count", Tensor.Create([41L], 1));
        using CompiledSession fork = _session.Fork();
        Assert.Equal(42, Count(_session.Run(Inputs(Tensor.Create(Ones, 1, 3)))["new_count"]));
        Assert.Equal(41, Count(fork.ReadState("count")));
        Assert.Equal(8, Count(_session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(Ones, 1, 3), ["count"] = Tensor.Create([7L], 1) })["new_count"]));
        _session.Reset();
        Assert.Equal(0, Count(_session.ReadState("count")));
        Assert.Throws<UnknownStateException>(() => _session.ReadState("x"));
        Assert.Throws<WrongElementTypeException>(() => _session.LoadState("count", Tensor.Create([1f], 1)));
        Assert.Throws<WrongRankException>(() => _session.LoadState("count", Tensor.Create([1L])));

        static long Count(Tensor tensor) => tensor.AsSpan<long>()[0];
    }

    private static Dictionary<string, Tensor> Inputs(Tensor x) => new() { ["x"] = x };

    private TException Refused<TException>(Dictionary<string, Tensor> inputs)
        where TException : ModelInputException => Assert.Throws<TException>(() => _session.Run(inputs));
}
