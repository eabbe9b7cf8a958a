using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Selection;

/// <summary>Operators that pick elements, whose results have as many as data say.</summary>
public sealed class SelectionTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void NonZeroOfOtherTypesAndRanks()
    {
        using CompiledModel model = _models.Load("Types", new OnnxModelBuilder()
            .Input("b", DataType.Bool, "n", 2).Input("i", DataType.Int64, "n", 2).Input("h", DataType.Float16, "n", 2).Input("s")
            .Node("NonZero", ["b"], ["yb"]).Node("NonZero", ["i"], ["yi"]).Node("NonZero", ["h"], ["yh"]).Node("NonZero", ["s"], ["ys"])
            .Output("yb", DataType.Int64, 2, "k").Output("yi", DataType.Int64, 2, "l").Output("yh", DataType.Int64, 2, "m").Output("ys", DataType.Int64, 0, "o"));
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor>
        {
            ["b"] = Tensor.Create([false, true, true, false, true, true], 3, 2),
            ["i"] = Tensor.Create([0L, 0, 0, long.MinValue, 0, 1L << 40], 3, 2),
            ["h"] = Tensor.Create([(Half)(-0f), (Half)1, Half.NaN, (Half)0, Half.Epsilon, (Half)0], 3, 2),
            ["s"] = Tensor.Create([2f]),
        });
        Assert.Equal([0L, 1, 2, 2, 1, 0, 0, 1], results["yb"].AsSpan<long>().ToArray());
        Assert.Equal([1L, 2, 1, 1], results["yi"].AsSpan<long>().ToArray());
        Assert.Equal([0L, 1, 2, 1, 0, 0], results["yh"].AsSpan<long>().ToArray());
        Assert.Equal([0, 1], results["ys"].Shape.ToArray());
    }

    [Fact]
    public void CompressAlongAnAxisAndOverAll()
    {
        using CompiledModel model = _models.Load("Compressed", new OnnxModelBuilder().Input("x", "n", 3, 2).Input("c", DataType.Bool, "k").Input("d", DataType.Bool, "m")
            .Node("Compress", ["x", "c"], ["y"], ("axis", -2)).Node("Compress", ["x", "d"], ["z"])
            .Output("y", "n", "a", 2).Output("z", "b"));
        using CompiledSession session = model.CreateSession();
        float[] x = [.. Enumerable.Range(0, 12).Select(static index => (float)index)];
        IReadOnlyDictionary<string, Tensor> Run(bool[] c, bool[] d) => session.Run(new Dictionary<string, Tensor>
        {
            ["x"] = Tensor.Create(x, 2, 3, 2),
            ["c"] = Tensor.Create(c, c.Length),
            ["d"] = Tensor.Create(d, d.Length),
        });
        IReadOnlyDictionary<string, Tensor> results = Run([false, true], [true, false, false, true]);
        Assert.Equal([2, 1, 2], results["y"].Shape.ToArray());
        Assert.Equal([2f, 3, 8, 9], results["y"].AsSpan<float>().ToArray());
        Assert.Equal([0f, 3], results["z"].AsSpan<float>().ToArray());
        results = Run([true, false, true], []);
        Assert.Equal([0f, 1, 4, 5, 6, 7, 10, 11], results["y"].AsSpan<float>().ToArray());
        Assert.Equal([0], results["z"].Shape.ToArray());

        // Flags beyond the axis do not matter unless they are set.
        Assert.Equal([2f, 3, 8, 9], Run([false, true, false, false], [])["y"].AsSpan<float>().ToArray());
        Assert.Throws<DimensionOutOfBoundsException>(() => Run([false, true, false, true], []));
        Assert.Equal([2, 0, 2], Run([], [])["y"].Shape.ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void UniqueNumbersWithAllOutputs(int sorted)
    {
        using CompiledModel model = _models.Load($"Unique{sorted}", new OnnxModelBuilder().Input("x", DataType.Int32, "n", 2)
            .Node("Unique", ["x"], ["y", "firsts", "inverse", "counts"], ("sorted", sorted))
            .Output("y", DataType.Int32, "k").Output("firsts", DataType.Int64, "k").Output("inverse", DataType.Int64, "m").Output("counts", DataType.Int64, "k"));
        using CompiledSession session = model.CreateSession();
        var random = new Random(3);
        foreach (int rows in new[] { 4, 0, 100, 1, 500 })
        {
            int[] x = [.. Enumerable.Range(0, 2 * rows).Select(_ => random.Next(-20, 20))];
            IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, rows, 2) });
            int[] expected = sorted == 1 ? [.. x.Distinct().Order()] : [.. x.Distinct()];
            Assert.Equal(expected, results["y"].AsSpan<int>().ToArray());
            Assert.Equal(expected.Select(value => (long)Array.IndexOf(x, value)), results["firsts"].AsSpan<long>().ToArray());
            Assert.Equal(x.Select(value => (long)Array.IndexOf(expected, value)), results["inverse"].AsSpan<long>().ToArray());
            Assert.Equal(expected.Select(value => (long)x.Count(other => other == value)), results["counts"].AsSpan<long>().ToArray());
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void UniqueTextsWithAllOutputs(int sorted)
    {
        using CompiledModel model = _models.Load($"UniqueTexts{sorted}", new OnnxModelBuilder().Input("x", DataType.String, "n")
            .Node("Unique", ["x"], ["y", "firsts", "inverse", "counts"], ("sorted", sorted))
            .Output("y", DataType.String, "k").Output("firsts", DataType.Int64, "k").Output("inverse", DataType.Int64, "m").Output("counts", DataType.Int64, "k"));
        using CompiledSession session = model.CreateSession();
        var random = new Random(5);

        // In UTF-16 the pair of 😀 stands before the last two, in UTF-8 behind them.
        string[] words = ["b", "", "a", "ab", "B", "aa", "😀", "\uFB01", "\uE000", "é", "z😀", "z\uFFFD"];
        foreach (int count in new[] { 12, 0, 1, 100 })
        {
            string[] x = count == 12 ? words : [.. Enumerable.Range(0, count).Select(_ => words[random.Next(words.Length)])];
            IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, count) });
            string[] expected = sorted == 1 ? [.. x.Distinct().OrderBy(static text => Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(text)), StringComparer.Ordinal)] : [.. x.Distinct()];
            Assert.Equal(expected, results["y"].Texts.ToArray());
            Assert.Equal(expected.Select(value => (long)Array.IndexOf(x, value)), results["firsts"].AsSpan<long>().ToArray());
            Assert.Equal(x.Select(value => (long)Array.IndexOf(expected, value)), results["inverse"].AsSpan<long>().ToArray());
            Assert.Equal(expected.Select(value => (long)x.Count(other => other == value)), results["counts"].AsSpan<long>().ToArray());
        }
    }

    [Theory]
    [InlineData(0L, 1)]
    [InlineData(1L, 1)]
    [InlineData(-1L, 0)]
    public void UniqueRowsOrColumnsOfTexts(long axis, int sorted)
    {
        using CompiledModel model = _models.Load($"UniqueTextSlices{(axis < 0 ? "Last" : axis)}{sorted}", new OnnxModelBuilder().Input("x", DataType.String, "n", 2)
            .Node("Unique", ["x"], ["y", "", "inverse"], ("axis", axis), ("sorted", sorted)).Output("y", DataType.String, "k", "l").Output("inverse", DataType.Int64, "m"));
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(["b", "b", "a", "c", "b", "b", "a", "b"], 4, 2) });
        (string[] values, long[] shape, long[] inverse) = axis == 0
            ? (new[] { "a", "b", "a", "c", "b", "b" }, new long[] { 3, 2 }, new long[] { 2, 1, 2, 0 })
            : (["b", "b", "a", "c", "b", "b", "a", "b"], [4, 2], [0, 1]);
        Assert.Equal(values, results["y"].Texts.ToArray());
        Assert.Equal(shape, results["y"].Shape.ToArray());
        Assert.Equal(inverse, results["inverse"].AsSpan<long>().ToArray());
    }

    [Theory]
    [InlineData("add")]
    [InlineData("mul")]
    [InlineData("max")]
    [InlineData("min")]
    public void BooleansAreScatteredWithReductions(string reduction)
    {
        using CompiledModel model = _models.Load($"ScatterTruth{reduction}", new OnnxModelBuilder(18).Input("x", DataType.Bool, 4).Input("i", DataType.Int64, "n").Input("u", DataType.Bool, "n")
            .Node("ScatterElements", ["x", "i", "u"], ["y"], ("reduction", reduction)).Output("y", DataType.Bool, 4));
        using CompiledSession session = model.CreateSession();
        bool[] x = [true, false, true, false];

        // So many that a sum of bytes would be 0 again.
        long[] indices = [0, 1, 2, 3, 0, .. Enumerable.Repeat(1L, 255)];
        bool[] updates = [false, true, true, false, true, .. Enumerable.Repeat(true, 255)];
        bool[] expected = (bool[])x.Clone();
        for (int index = 0; index < indices.Length; index++)
        {
            bool isOr = reduction is "add" or "max";
            expected[indices[index]] = isOr ? expected[indices[index]] | updates[index] : expected[indices[index]] & updates[index];
        }

        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor>
        {
            ["x"] = Tensor.Create(x, 4),
            ["i"] = Tensor.Create(indices, indices.Length),
            ["u"] = Tensor.Create(updates, updates.Length),
        });
        Assert.Equal(expected, results["y"].AsSpan<bool>().ToArray());
    }

    [Fact]
    public void UniqueColumnsOfHalfPrecisionWithNotANumber()
    {
        // Not a number equals itself and comes last, minus zero is zero.
        using CompiledModel model = _models.Load("UniqueColumns", new OnnxModelBuilder().Input("x", DataType.Float16, 2, "n")
            .Node("Unique", ["x"], ["y", "", "inverse"], ("axis", -1))
            .Output("y", DataType.Float16, 2, "k").Output("inverse", DataType.Int64, "n"));
        using CompiledSession session = model.CreateSession();
        Half[] x = [.. new[] { float.NaN, 1, 0, 1, float.NaN, -0f, /* */ 2, 5, 7, 5, 2, 7 }.Select(static value => (Half)value)];
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, 2, 6) });
        Assert.Equal([2, 3], results["y"].Shape.ToArray());
        Assert.Equal(new[] { 0, 1, float.NaN, 7, 5, 2 }.Select(static value => (Half)value), results["y"].AsSpan<Half>().ToArray());
        Assert.Equal([2L, 1, 0, 1, 2, 0], results["inverse"].AsSpan<long>().ToArray());
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 3)]
    [InlineData(1, 2)]
    public void ADetectorsEnd(int centers, int threads)
    {
        // The boxes and scores of the first detections, as detectors end: NonMaxSuppression, Slice, Gather.
        using CompiledModel model = _models.Load($"Detector{centers}_{threads}", new OnnxModelBuilder().Input("boxes", "b", "n", 4).Input("scores", "b", "c", "n").Input("most", DataType.Int64, 1)
            .Constant("overlap", [0.4f], 1).Constant("least", [0.2f], 1)
            .Node("NonMaxSuppression", ["boxes", "scores", "most", "overlap", "least"], ["picked"], ("center_point_box", centers))
            .Node("Slice", ["picked", "zero", "first", "zero"], ["some"]).Integers("zero", 0).Integers("first", 5)
            .Node("Slice", ["some", "two", "three", "one"], ["column"]).Integers("one", 1).Integers("two", 2).Integers("three", 3)
            .Node("Squeeze", ["column", "one"], ["places"])
            .Node("Slice", ["boxes", "zero", "one", "zero"], ["batch"]).Node("Squeeze", ["batch", "zero"], ["all"])
            .Node("Gather", ["all", "places"], ["found"])
            .Output("picked", DataType.Int64, "k", 3).Output("found", "f", 4));
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
        var random = new Random(11);
        foreach ((int batch, int classes, int count, long most) in new[] { (1, 1, 10, 3L), (2, 3, 200, 100L), (1, 4, 0, 5L), (1, 2, 50, 0L), (3, 2, 2000, 1000L) })
        {
            float[] boxes = [.. Enumerable.Range(0, batch * count * 4).Select(_ => random.NextSingle())];
            float[] scores = [.. Enumerable.Range(0, batch * classes * count).Select(_ => MathF.Round(random.NextSingle(), 2))];
            IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor>
            {
                ["boxes"] = Tensor.Create(boxes, batch, count, 4),
                ["scores"] = Tensor.Create(scores, batch, classes, count),
                ["most"] = Tensor.Create([most], 1),
            });
            long[] expected = Pick(boxes, scores, batch, classes, count, most, 0.4, 0.2, centers == 1);
            Assert.Equal(expected, results["picked"].AsSpan<long>().ToArray());
            Assert.Equal(expected.Length / 3, results["picked"].Shape[0]);
            Assert.Equal(Enumerable.Range(0, Math.Min(5, expected.Length / 3)).SelectMany(index => boxes.Skip((int)expected[(3 * index) + 2] * 4).Take(4)), results["found"].AsSpan<float>().ToArray());
        }
    }

    [Fact]
    public void TheCheapestWayThroughCosts()
    {
        using CompiledModel model = _models.Load("Warped", new OnnxModelBuilder().Input("costs", "m", "n")
            .ContribNode("DynamicTimeWarping", ["costs"], ["way"]).Output("way", DataType.Int32, 2, "k"));
        using CompiledSession session = model.CreateSession();
        int[] Run(float[] costs, int rows, int columns) => session.Run(new Dictionary<string, Tensor> { ["costs"] = Tensor.Create(costs, rows, columns) })["way"].AsSpan<int>().ToArray();
        Assert.Equal([0, 1, 2, 0, 1, 2], Run([0, 1, 1, 1, 0, 1, 1, 1, 0], 3, 3));
        Assert.Equal([0, 0, 0, 0, 1, 2], Run([5, 1, 2], 1, 3));
        Assert.Equal([0, 1, 2, 2, 0, 0, 0, 1], Run([0, 9, 0, 9, 0, 0], 3, 2));
    }

    /// <summary>The definition, in double precision; scores that are equal go by position.</summary>
    private static long[] Pick(float[] boxes, float[] scores, int batch, int classes, int count, long most, double overlap, double least, bool centers)
    {
        List<long> picked = [];
        (double Left, double Top, double Right, double Bottom) Box(int item, int index)
        {
            double[] box = [.. boxes.Skip(((item * count) + index) * 4).Take(4).Select(static value => (double)value)];
            return centers
                ? (box[0] - (box[2] / 2), box[1] - (box[3] / 2), box[0] + (box[2] / 2), box[1] + (box[3] / 2))
                : (Math.Min(box[1], box[3]), Math.Min(box[0], box[2]), Math.Max(box[1], box[3]), Math.Max(box[0], box[2]));
        }

        for (int item = 0; item < batch * classes; item++)
        {
            var boxesOf = Enumerable.Range(0, count).Select(index => Box(item / classes, index)).ToArray();
            List<int> kept = [];
            foreach (int index in Enumerable.Range(0, count).Where(index => scores[(item * count) + index] > (float)least).OrderByDescending(index => scores[(item * count) + index]))
            {
                var a = boxesOf[index];
                bool overlaps = kept.Any(other =>
                {
                    var b = boxesOf[other];
                    double shared = Math.Max(0, Math.Min(a.Right, b.Right) - Math.Max(a.Left, b.Left)) * Math.Max(0, Math.Min(a.Bottom, b.Bottom) - Math.Max(a.Top, b.Top));
                    return shared / (((a.Right - a.Left) * (a.Bottom - a.Top)) + ((b.Right - b.Left) * (b.Bottom - b.Top)) - shared) > overlap;
                });
                if (!overlaps && kept.Count < most)
                {
                    kept.Add(index);
                }
            }

            picked.AddRange(kept.SelectMany(index => new long[] { item / classes, item % classes, index }));
        }

        return [.. picked];
    }
}
