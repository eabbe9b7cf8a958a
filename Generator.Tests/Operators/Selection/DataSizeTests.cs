using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Models;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Selection;

/// <summary>Sizes that only a kernel can tell, and what follows from them.</summary>
public sealed class DataSizeTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void ACountFromDataGoesThroughGatherAndReductions()
    {
        // The sum, and the rows doubled, of those rows of the table whose flag is not 0.
        using CompiledModel model = _models.Load("Selected", new OnnxModelBuilder().Input("flags", "n").Input("table", "n", 3)
            .Node("NonZero", ["flags"], ["places"]).Node("Squeeze", ["places", "first"], ["rows"]).Integers("first", 0)
            .Node("Gather", ["table", "rows"], ["chosen"])
            .Node("Add", ["chosen", "chosen"], ["doubled"])
            .Node("ReduceSum", ["chosen", "first"], ["sum"], ("keepdims", 0))
            .Node("Shape", ["chosen"], ["shape"])
            .Output("doubled", "k", 3).Output("sum", 3).Output("shape", DataType.Int64, 2));
        using CompiledSession session = model.CreateSession();
        var random = new Random(5);
        foreach (int rows in new[] { 5, 0, 40, 3, 40, 1, 7 })
        {
            float[] flags = [.. Enumerable.Range(0, rows).Select(_ => random.Next(3) == 0 ? 0f : random.NextSingle() - 0.5f)];
            if (rows == 3)
            {
                flags.AsSpan().Clear();
                flags[0] = -0f;
            }

            float[] table = [.. Enumerable.Range(0, rows * 3).Select(index => (float)index)];
            IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["flags"] = Tensor.Create(flags, rows), ["table"] = Tensor.Create(table, rows, 3) });
            int[] chosen = [.. Enumerable.Range(0, rows).Where(row => flags[row] != 0)];
            Assert.Equal([chosen.Length, 3], results["doubled"].Shape.ToArray());
            Assert.Equal([chosen.Length, 3], results["shape"].AsSpan<long>().ToArray());
            Assert.Equal(chosen.SelectMany(row => table.Skip(row * 3).Take(3)).Select(value => 2 * value), results["doubled"].AsSpan<float>().ToArray());
            Assert.Equal(Enumerable.Range(0, 3).Select(column => chosen.Sum(row => table[(row * 3) + column])), results["sum"].AsSpan<float>().ToArray());
        }
    }

    [Fact]
    public void NumbersThatKernelsComputeAreSizes()
    {
        // Ones of [max(lengths), 2], counted through a reshape that knows neither; a range as long; and the slice of the table up to it.
        using CompiledModel model = _models.Load("Computed", new OnnxModelBuilder().Input("lengths", DataType.Int64, "n").Input("table", 50)
            .Node("ReduceMax", ["lengths"], ["longest"], ("keepdims", 1))
            .Node("Concat", ["longest", "two"], ["shape"], ("axis", 0)).Integers("two", 2)
            .Node("ConstantOfShape", ["shape"], ["zeros"])
            .Node("Cast", ["longest"], ["number"], ("to", 1))
            .Node("Add", ["zeros", "number"], ["filled"])
            .Node("Reshape", ["filled", "flat"], ["y"]).Integers("flat", -1)
            .Node("Squeeze", ["longest"], ["limit"])
            .Node("Range", ["zero", "limit", "one"], ["range"]).Integer("zero", 0).Integer("one", 1)
            .Node("Slice", ["table", "starts", "longest"], ["part"]).Integers("starts", 0)
            .Output("y", "m").Output("range", DataType.Int64, "k").Output("part", "p"));
        using CompiledSession session = model.CreateSession();
        float[] table = [.. Enumerable.Range(0, 50).Select(static index => (float)index)];
        foreach (long[] lengths in new long[][] { [3, 7, 2], [0], [20, 1], [5, 5, 5, 5] })
        {
            IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["lengths"] = Tensor.Create(lengths, lengths.Length), ["table"] = Tensor.Create(table, 50) });
            int longest = (int)lengths.Max();
            Assert.Equal(Enumerable.Repeat((float)longest, longest * 2), results["y"].AsSpan<float>().ToArray());
            Assert.Equal(Enumerable.Range(0, longest).Select(static index => (long)index), results["range"].AsSpan<long>().ToArray());
            Assert.Equal(table.Take(longest), results["part"].AsSpan<float>().ToArray());
        }

        // The session goes on after counts that cannot be.
        foreach (long hostile in new[] { -3L, 1L << 40, long.MaxValue, long.MaxValue / 8 })
        {
            Assert.Throws<DimensionOutOfBoundsException>(() => session.Run(new Dictionary<string, Tensor> { ["lengths"] = Tensor.Create([hostile], 1), ["table"] = Tensor.Create(table, 50) }));
        }

        Assert.Equal(new float[8].Select(static _ => 4f), SmallModels.Run(session, "y", ("lengths", Tensor.Create([4L], 1)), ("table", Tensor.Create(table, 50))));
    }

    [Fact]
    public void RunsOfUsualSizesAllocateNothing()
    {
        using CompiledModel model = _models.Load("Steady", new OnnxModelBuilder().Input("x", "n")
            .Node("NonZero", ["x"], ["places"]).Node("Squeeze", ["places", "first"], ["rows"]).Integers("first", 0)
            .Node("Gather", ["x", "rows"], ["chosen"]).Node("Exp", ["chosen"], ["y"]).Output("y", "k"));
        using CompiledSession session = model.CreateSession();
        Dictionary<string, Tensor> Flags(Func<int, bool> isSet) => new() { ["x"] = Tensor.Create([.. Enumerable.Range(0, 1000).Select(index => isSet(index) ? 1f : 0)], 1000) };
        using BoundRun many = new(session, Flags(static index => index % 3 != 0)), few = new(session, Flags(static index => index == 7));
        for (int turn = 0; turn < 3; turn++)
        {
            many.Run();
            few.Run();
        }

        long memory = session.ArenaSize;
        Assert.Equal(0, ThreadAllocations.Measure(() =>
        {
            for (int turn = 0; turn < 10; turn++)
            {
                many.Run();
                few.Run();
            }
        }));
        Assert.Equal(memory, session.ArenaSize);
    }
}
