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

    [Theory]
    [InlineData((int)DataType.Float)]
    [InlineData((int)DataType.Double)]
    [InlineData((int)DataType.Float16)]
    [InlineData((int)DataType.Int16)]
    [InlineData((int)DataType.Int32)]
    public void RangesFromData(int element)
    {
        var type = (DataType)element;
        using CompiledModel model = _models.Load($"Range{type}", new OnnxModelBuilder(27).Input("start", type).Input("limit", type).Input("delta", type)
            .Node("Range", ["start", "limit", "delta"], ["range"]).Node("Cast", ["range"], ["y"], ("to", 1)).Output("y", "k"));
        using CompiledSession session = model.CreateSession();
        Tensor Number(double value) => type switch
        {
            DataType.Float => Tensor.Create([(float)value]),
            DataType.Double => Tensor.Create([value]),
            DataType.Float16 => Tensor.Create([(Half)value]),
            DataType.Int16 => Tensor.Create([(short)value]),
            _ => Tensor.Create([(int)value]),
        };
        float[] Run(double start, double limit, double delta) => SmallModels.Run(session, "y", ("start", Number(start)), ("limit", Number(limit)), ("delta", Number(delta)));
        Assert.Equal([2, 5, 8], Run(2, 9, 3));
        Assert.Equal([10, 6, 2, -2], Run(10, -6, -4));
        Assert.Empty(Run(3, 3, 1));
        Assert.Empty(Run(3, 9, -1));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(1, 5, 0));
        Assert.Equal(1000, Run(0, 1000, 1).Length);
    }

    [Fact]
    public void ADepthFromData()
    {
        using CompiledModel model = _models.Load("Depth", new OnnxModelBuilder().Input("indices", DataType.Int64, "n").Input("depth").Constant("values", [0, 1], 2)
            .Node("OneHot", ["indices", "depth", "values"], ["y"], ("axis", 0)).Output("y", "d", "n"));
        using CompiledSession session = model.CreateSession();
        Tensor Run(float depth) => session.Run(new Dictionary<string, Tensor> { ["indices"] = Tensor.Create([1L, -1, 5], 3), ["depth"] = Tensor.Create([depth]) })["y"];
        Assert.Equal([2, 3], Run(2).Shape.ToArray());
        Assert.Equal([0f, 0, 0, 1, 1, 0], Run(2).AsSpan<float>().ToArray());
        Assert.Equal([0, 3], Run(0).Shape.ToArray());
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(-1));
    }

    [Fact]
    public void AReshapeWhoseShapeKernelsCompute()
    {
        // The shape is {max of a, max of b, -1}; 0 copies.
        using CompiledModel model = _models.Load("Reshaped", new OnnxModelBuilder().Input("x", "n", 6).Input("a", DataType.Int64, "k").Input("b", DataType.Int64, "k")
            .Node("ReduceMax", ["a"], ["first"], ("keepdims", 1)).Node("ReduceMax", ["b"], ["second"], ("keepdims", 1)).Integers("rest", -1)
            .Node("Concat", ["first", "second", "rest"], ["shape"], ("axis", 0))
            .Node("Reshape", ["x", "shape"], ["z"]).Node("Neg", ["z"], ["y"]).Node("Shape", ["z"], ["sizes"])
            .Output("y", "p", "q", "r").Output("sizes", DataType.Int64, 3));
        using CompiledSession session = model.CreateSession();
        float[] x = [.. Enumerable.Range(0, 24).Select(static index => (float)index)];
        IReadOnlyDictionary<string, Tensor> Run(long a, long b) => session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, 4, 6), ["a"] = Tensor.Create([a], 1), ["b"] = Tensor.Create([b], 1) });
        foreach ((long a, long b, long[] shape) in new[] { (2L, 3L, new[] { 2L, 3, 4 }), (0, 0, [4, 6, 1]), (12, 1, [12, 1, 2]) })
        {
            IReadOnlyDictionary<string, Tensor> results = Run(a, b);
            Assert.Equal(shape, results["sizes"].AsSpan<long>().ToArray());
            Assert.Equal(shape, results["y"].Shape.ToArray().Select(static size => (long)size));
            Assert.Equal(x.Select(static value => -value), results["y"].AsSpan<float>().ToArray());
        }

        foreach ((long a, long b) in new[] { (5L, 1L), (-1, 1), (-2, 1), (1L << 32, 1L << 32), (long.MaxValue, 2) })
        {
            Assert.Throws<DimensionOutOfBoundsException>(() => Run(a, b));
        }

        Assert.Equal([1, 1, 24], Run(1, 1)["y"].Shape.ToArray());
    }

    [Fact]
    public void ABranchTellsASize()
    {
        using CompiledModel model = _models.Load("Branches", new OnnxModelBuilder().Input("x", "n").Input("take", DataType.Bool)
            .Node("If", ["take"], ["part"],
                ("then_branch", new OnnxModelBuilder().Node("NonZero", ["x"], ["places"]).Node("Cast", ["places"], ["a"], ("to", 1)).Output("a", 1, "k")),
                ("else_branch", new OnnxModelBuilder().Node("Unsqueeze", ["x", "zero"], ["b"]).Output("b", 1, "n")))
            .Integers("zero", 0).Node("Abs", ["part"], ["y"]).Output("y", 1, "m"));
        using CompiledSession session = model.CreateSession();
        float[] x = [-1, 0, -3, 4, 0];
        for (int turn = 0; turn < 2; turn++)
        {
            Assert.Equal([0, 2, 3], SmallModels.Run(session, "y", ("x", Tensor.Create(x, 5)), ("take", Tensor.Create([true]))));
            Assert.Equal([1, 0, 3, 4, 0], SmallModels.Run(session, "y", ("x", Tensor.Create(x, 5)), ("take", Tensor.Create([false]))));
        }
    }

    [Fact]
    public void ALoopTellsHowManyPartsItCollects()
    {
        // Powers of x's number while they are below 1000, and the rows that data chose, each iteration: parts of a size that is known before the loop, from data.
        OnnxModelBuilder body = new OnnxModelBuilder()
            .Input("i", DataType.Int64).Input("go", DataType.Bool).Input("power", 1)
            .Node("Mul", ["power", "x"], ["next"]).Node("Less", ["next", "bound"], ["small"]).Node("Squeeze", ["small"], ["go_on"])
            .Node("Identity", ["next"], ["part"]).Node("Mul", ["chosen", "next"], ["rows"])
            .Output("go_on", DataType.Bool).Output("next", 1).Output("part", 1).Output("rows", 1, "k");
        using CompiledModel model = _models.Load("Powers", new OnnxModelBuilder().Input("x", 1).Input("flags", "n").Constant("bound", [1000], 1)
            .Boolean("yes", true)
            .Node("NonZero", ["flags"], ["places"]).Node("Cast", ["places"], ["chosen"], ("to", 1))
            .Node("Loop", ["", "yes", "x"], ["last", "powers", "all"], ("body", body))
            .Node("ReduceSum", ["powers"], ["sum"], ("keepdims", 0))
            .Output("powers", "t", 1).Output("sum").Output("all", "t", 1, "k"));
        using CompiledSession session = model.CreateSession();
        foreach ((float x, float[] flags) in new[] { (2f, new[] { 1f, 0, 1 }), (5f, [0, 0, 0]), (999f, [0, 1, 0]), (1.01f, [1, 1, 0]), (3f, [1, 1, 1]) })
        {
            List<float> powers = [x * x];
            while (powers[^1] < 1000)
            {
                powers.Add(powers[^1] * x);
            }

            float[] chosen = [.. Enumerable.Range(0, 3).Where(index => flags[index] != 0).Select(static index => (float)index)];
            IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create([x], 1), ["flags"] = Tensor.Create(flags, 3) });
            Assert.Equal([powers.Count, 1], results["powers"].Shape.ToArray());
            Assert.Equal(powers, results["powers"].AsSpan<float>().ToArray());
            Assert.Equal([powers.Count, 1, chosen.Length], results["all"].Shape.ToArray());
            Assert.Equal(powers.SelectMany(power => chosen.Select(value => value * power)), results["all"].AsSpan<float>().ToArray());
        }
    }

    [Fact]
    public void ScalesFromData()
    {
        using CompiledModel model = _models.Load("Scaled", new OnnxModelBuilder().Input("x", 1, 1, "h", "w").Input("scales", 4)
            .Node("Resize", ["x", "", "scales"], ["z"], ("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor"))
            .Node("Neg", ["z"], ["y"]).Output("y", "a", "b", "c", "d"));
        using CompiledSession session = model.CreateSession();
        Tensor Run(params float[] scales) => session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create([1f, 2, 3, 4], 1, 1, 2, 2), ["scales"] = Tensor.Create(scales, 4) })["y"];
        Assert.Equal([1, 1, 2, 6], Run(1, 1, 1, 3).Shape.ToArray());
        Assert.Equal([-1f, -1, -1, -2, -2, -2, -3, -3, -3, -4, -4, -4], Run(1, 1, 1, 3).AsSpan<float>().ToArray());
        Assert.Equal([-1f], Run(1, 1, 0.5f, 0.5f).AsSpan<float>().ToArray());
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(1, 1, 1e20f, 1));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(1, 1, -2, 1));
    }

    [Fact]
    public void SeveralThreadsGiveTheSameBits()
    {
        using CompiledModel model = _models.Load("Threads", new OnnxModelBuilder().Input("x", "n", 64)
            .Node("ReduceMax", ["x", "last"], ["m"], ("keepdims", 0)).Integers("last", 1)
            .Node("Relu", ["m"], ["flags"]).Node("NonZero", ["flags"], ["places"]).Node("Squeeze", ["places", "zero"], ["rows"]).Integers("zero", 0)
            .Node("Gather", ["x", "rows"], ["chosen"]).Weight("w", 64, 48).Node("MatMul", ["chosen", "w"], ["h"]).Node("Softmax", ["h"], ["y"], ("axis", -1))
            .Output("y", "k", 48));
        using CompiledSession one = model.CreateSession(new SessionOptions { Threads = 1 });
        using CompiledSession four = model.CreateSession(new SessionOptions { Threads = 4 });
        var random = new Random(2);
        foreach (int rows in new[] { 3000, 10, 0, 1000 })
        {
            float[] x = [.. Enumerable.Range(0, rows * 64).Select(_ => random.NextSingle() - 0.99f)];
            Tensor input = Tensor.Create(x, rows, 64);
            float[] y = SmallModels.Run(one, "y", ("x", input));
            Assert.Equal(y, SmallModels.Run(four, "y", ("x", input)));
            int chosen = Enumerable.Range(0, rows).Count(row => x.AsSpan(row * 64, 64).ContainsAnyInRange(float.Epsilon, 1));
            Assert.Equal(chosen * 48, y.Length);
            Assert.Equal(chosen, y.Sum(static value => (double)value), 0.01);
        }
    }

    [Fact]
    public void CountsAndPartsFromData()
    {
        // k is the number of x's elements above 0: the k largest, x repeated k times, x split into k and the rest.
        using CompiledModel model = _models.Load("Counts", new OnnxModelBuilder().Input("x", 6)
            .Node("Greater", ["x", "nothing"], ["flags"]).Constant("nothing", [0])
            .Node("Cast", ["flags"], ["ones"], ("to", 7)).Node("ReduceSum", ["ones"], ["k"], ("keepdims", 1))
            .Node("TopK", ["x", "k"], ["largest", "places"])
            .Node("Tile", ["x", "k"], ["tiled"])
            .Node("Sub", ["six", "k"], ["rest"]).Integers("six", 6).Node("Concat", ["k", "rest"], ["sizes"], ("axis", 0))
            .Node("Split", ["x", "sizes"], ["head", "tail"], ("axis", 0)).Node("Neg", ["tail"], ["behind"])
            .Output("largest", "k").Output("tiled", "m").Output("head", "k").Output("behind", "r"));
        using CompiledSession session = model.CreateSession();
        foreach (float[] x in new float[][] { [1, -1, 3, 2, -5, 0], [-1, -1, -1, -1, -1, -1], [1, 2, 3, 4, 5, 6] })
        {
            int k = x.Count(static value => value > 0);
            IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, 6) });
            Assert.Equal(x.OrderDescending().Take(k), results["largest"].AsSpan<float>().ToArray());
            Assert.Equal(Enumerable.Repeat(x, k).SelectMany(static list => list), results["tiled"].AsSpan<float>().ToArray());
            Assert.Equal(x.Take(k), results["head"].AsSpan<float>().ToArray());
            Assert.Equal(x.Skip(k).Select(static value => -value), results["behind"].AsSpan<float>().ToArray());
        }
    }

    [Fact]
    public void PartsThatDoNotMakeUpTheAxisAreRefused()
    {
        using CompiledModel model = _models.Load("Parts", new OnnxModelBuilder().Input("x", "n").Input("sizes", DataType.Int64, 2)
            .Node("Split", ["x", "sizes"], ["a", "b"], ("axis", 0)).Node("Neg", ["a"], ["y"]).Node("Neg", ["b"], ["z"]).Output("y", "p").Output("z", "q"));
        using CompiledSession session = model.CreateSession();
        float[] Run(long first, long second) => SmallModels.Run(session, "z", ("x", Tensor.Create([1f, 2, 3], 3)), ("sizes", Tensor.Create([first, second], 2)));
        Assert.Equal([-2, -3], Run(1, 2));
        foreach ((long first, long second) in new[] { (1L, 1L), (2, 2), (-1, 4), (4, -1), (long.MaxValue, long.MinValue + 4) })
        {
            Assert.Throws<DimensionOutOfBoundsException>(() => Run(first, second));
        }
    }

    [Fact]
    public void SqueezeWithoutAxesKeepsOpenOnes()
    {
        using CompiledModel model = _models.Load("Squeezed", new OnnxModelBuilder().Input("x", "n", 1, 2).Node("Squeeze", ["x"], ["z"]).Node("Neg", ["z"], ["y"]).Output("y", "n", 2));
        using CompiledSession session = model.CreateSession();
        Tensor y = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create([1f, 2, 3, 4], 2, 1, 2) })["y"];
        Assert.Equal([2, 2], y.Shape.ToArray());
        Assert.Equal([-1f, -2, -3, -4], y.AsSpan<float>().ToArray());
        Assert.Throws<DimensionOutOfBoundsException>(() => session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create([1f, 2], 1, 1, 2) }));
    }
}
