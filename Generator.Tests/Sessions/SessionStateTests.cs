using Cameo.Sessions;
using Xunit;

namespace Cameo.Tests.Sessions;

public sealed class SessionStateTests
{
    private static readonly float[] Two = [1, 2, 3, 4, 5, 6, 7, 8];
    private static readonly float[] One = [9, 10, 11, 12];

    // [row 0][head][token][2]
    private static readonly float[] KeysOfTwo = [1, 2, 5, 6, 3, 4, 7, 8];
    private static readonly float[] KeysOfThree = [1, 2, 5, 6, 9, 10, 3, 4, 7, 8, 11, 12];

    [Fact]
    public void TokensAreKeptFromRunToRunAtOneAddress()
    {
        using var model = new CacheModel(withTotal: true);
        using CompiledSession session = model.CreateSession();
        nint address = ((CacheModel.Session)session).KeysAddress;
        Assert.Equal([1, 2, 0, 2], session.ReadState("past.key").Shape.ToArray());
        IReadOnlyDictionary<string, Tensor> first = Append(session, Two, 2);
        Assert.Equal(KeysOfTwo, first["present.key"].AsSpan<float>().ToArray());
        Assert.Equal([1, 2, 2, 2], first["present.key"].Shape.ToArray());
        IReadOnlyDictionary<string, Tensor> second = Append(session, One, 1);
        Assert.Equal(KeysOfThree, second["present.key"].AsSpan<float>().ToArray());
        Assert.Equal([3], second["count"].AsSpan<long>().ToArray());
        Assert.Equal([15, 18, 21, 24], second["new_total"].AsSpan<float>().ToArray());
        Assert.Equal(address, ((CacheModel.Session)session).KeysAddress);
        Assert.Equal((3, 3), (session.Position, session.Length));
        Assert.Equal([3], session.Lengths.ToArray());
    }

    [Fact]
    public void AStateReadFromOneSessionContinuesInAnother()
    {
        using var model = new CacheModel(withTotal: true);
        using CompiledSession first = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> saved = Append(first, Two, 2);
        using CompiledSession second = model.CreateSession();
        Append(second, One, 1);
        IReadOnlyDictionary<string, Tensor> continued = second.Run(new Dictionary<string, Tensor>
        {
            ["tokens"] = Tensor.Create(One, 1, 1, 4),
            ["past.key"] = saved["present.key"],
            ["total"] = saved["new_total"],
        });
        Assert.Equal(KeysOfThree, continued["present.key"].AsSpan<float>().ToArray());
        Assert.Equal([15, 18, 21, 24], continued["new_total"].AsSpan<float>().ToArray());
    }

    [Fact]
    public void ARunOverABatchKeepsRowsApart()
    {
        using var model = new CacheModel(withTotal: false);
        using CompiledSession session = model.CreateSession(new SessionOptions { Batch = 2 });
        IReadOnlyDictionary<string, Tensor> outputs = session.Run(Tokens([.. Two[..4], .. One], 2, 1));
        Assert.Equal([1, 2, 3, 4, 9, 10, 11, 12], outputs["present.key"].AsSpan<float>().ToArray());
        session.Reset(0);
        Assert.Equal([0, 1], session.Lengths.ToArray());
        session.Rewind(1, 0);
        Assert.Equal(0, session.Position);
        Assert.Throws<ArgumentOutOfRangeException>(() => session.Reset(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => session.Reset(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => session.Rewind(-1, 0));
    }

    [Fact]
    public void AFullStateIsNamedAndTheSessionStaysUsable()
    {
        using var model = new CacheModel(withTotal: false);
        using CompiledSession session = model.CreateSession(new SessionOptions { Capacity = 3 });
        Assert.Equal(3, session.Capacity);
        Append(session, Two, 2);
        var full = Assert.Throws<StateFullException>(() => Append(session, Two, 2));
        Assert.Equal((3, 2, 2), (full.Capacity, full.Length, full.Requested));
        Assert.Contains("SessionOptions.Capacity", full.Message, StringComparison.Ordinal);
        Assert.Equal(KeysOfThree, Append(session, One, 1)["present.key"].AsSpan<float>().ToArray());

        using CompiledSession whole = model.CreateSession();
        Assert.Equal(CacheModel.Bound, whole.Capacity);
        Assert.Equal("OnnxDimensions=\"past<=6\"", Assert.Throws<StateFullException>(() => Append(whole, new float[28], 7)).Option);
        var tooMuch = Assert.Throws<ArgumentOutOfRangeException>(() => model.CreateSession(new SessionOptions { Capacity = 7 }));
        Assert.Contains("OnnxDimensions", tooMuch.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RewoundTokensAreGone()
    {
        using var model = new CacheModel(withTotal: false);
        using CompiledSession session = model.CreateSession();
        Append(session, [.. Two, .. Two], 4);
        session.Rewind(2);
        Assert.Equal(KeysOfTwo, session.ReadState("present.key").AsSpan<float>().ToArray());
        Assert.Equal(KeysOfThree, Append(session, One, 1)["present.key"].AsSpan<float>().ToArray());
        session.Reset();
        Assert.Equal(KeysOfTwo, Append(session, Two, 2)["present.key"].AsSpan<float>().ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => session.Rewind(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => session.Rewind(-1));
    }

    [Fact]
    public void AStateOfFixedShapeCannotGoBackButCanBeEmptied()
    {
        using var model = new CacheModel(withTotal: true);
        using CompiledSession session = model.CreateSession();
        Append(session, Two, 2);
        Assert.Throws<InvalidOperationException>(() => session.Rewind(1));
        Assert.Equal([2], session.Lengths.ToArray());
        session.Reset();
        Assert.Equal([0, 0, 0, 0], session.ReadState("total").AsSpan<float>().ToArray());
        Assert.Equal(0, session.Position);
    }

    [Fact]
    public void AForkGoesItsOwnWay()
    {
        using var model = new CacheModel(withTotal: true);
        using CompiledSession session = model.CreateSession();
        Append(session, Two, 2);
        using CompiledSession fork = session.Fork();
        Assert.Equal(KeysOfThree, Append(fork, One, 1)["present.key"].AsSpan<float>().ToArray());
        Assert.Equal(KeysOfTwo, session.ReadState("present.key").AsSpan<float>().ToArray());
        Assert.Equal([6, 8, 10, 12], session.ReadState("total").AsSpan<float>().ToArray());
        Assert.Equal([15, 18, 21, 24], fork.ReadState("total").AsSpan<float>().ToArray());
    }

    [Fact]
    public void AStateThatDoesNotFitIsNamedAndNothingHalfLoadedRemains()
    {
        using var model = new CacheModel(withTotal: true);
        using CompiledSession session = model.CreateSession();
        Append(session, Two, 2);
        var heads = Assert.Throws<DimensionMismatchException>(() => session.LoadState("past.key", new Tensor(ElementType.Float32, 1, 3, 2, 2)));
        Assert.Equal(("past.key", 1, 2L, 3L), (heads.Input, heads.Axis, heads.Expected, heads.Actual));
        Assert.Throws<DimensionOutOfBoundsException>(() => session.LoadState("past.key", new Tensor(ElementType.Float32, 0, 2, 2, 2)));
        Assert.Throws<StateFullException>(() => session.LoadState("past.key", new Tensor(ElementType.Float32, 1, 2, 7, 2)));
        Assert.Equal(KeysOfTwo, session.ReadState("present.key").AsSpan<float>().ToArray());

        // The first state fits and is loaded, the second does not: the run is refused and both are empty.
        Assert.Throws<DimensionMismatchException>(() => session.Run(new Dictionary<string, Tensor>
        {
            ["tokens"] = Tensor.Create(One, 1, 1, 4),
            ["past.key"] = new Tensor(ElementType.Float32, 1, 2, 3, 2),
            ["total"] = new Tensor(ElementType.Float32, 5),
        }));
        Assert.Equal(0, session.Position);
        Assert.Equal(KeysOfTwo, Append(session, Two, 2)["present.key"].AsSpan<float>().ToArray());
    }

    private static IReadOnlyDictionary<string, Tensor> Append(CompiledSession session, float[] tokens, int columns) =>
        session.Run(Tokens(tokens, 1, columns));

    private static Dictionary<string, Tensor> Tokens(float[] tokens, int rows, int columns) =>
        new() { ["tokens"] = Tensor.Create(tokens, rows, columns, 4) };
}
