using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Models;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.ControlFlow;

/// <summary>Operators that go along an axis or contract several, against loops in double precision.</summary>
public sealed class SearchTests : IDisposable
{
    private static readonly float[] X = [3, 1, 3, 2, -1, 5, 5, 0, 4, 4, 4, -2, 7, 1, 7, 7, float.NaN, 2, 0, 0, -3, 6, float.NaN, 9];

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("ArgMax", 1, 0)]
    [InlineData("ArgMax", -1, 1)]
    [InlineData("ArgMin", 0, 0)]
    [InlineData("ArgMin", 2, 1)]
    public void PositionsOfExtremes(string type, int axis, int last)
    {
        using CompiledModel model = _models.Load($"{type}{axis + 3}{last}", new OnnxModelBuilder().Input("x", "n", 3, 4)
            .Node(type, ["x"], ["y"], ("axis", axis), ("select_last_index", last), ("keepdims", 0)).Output("y", DataType.Int64, "a", "b"));
        using CompiledSession session = model.CreateSession();
        long[] sizes = [2, 3, 4];
        axis = (axis + 3) % 3;
        var expected = new List<long>();
        foreach ((int start, int stride) in Lines(sizes, axis))
        {
            long best = 0;
            for (int index = 1; index < sizes[axis]; index++)
            {
                float current = X[start + (index * stride)], known = X[start + ((int)best * stride)];
                bool better = float.IsNaN(known) ? float.IsNaN(current) && last == 1
                    : float.IsNaN(current) || (type == "ArgMax" ? current > known : current < known) || (last == 1 && current == known);
                best = better ? index : best;
            }

            expected.Add(best);
        }

        Tensor y = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(X, 2, 3, 4) })["y"];
        Assert.Equal(expected, y.AsSpan<long>().ToArray());
    }

    [Theory]
    [InlineData(1, 1, 2)]
    [InlineData(2, 0, 4)]
    [InlineData(0, 1, 1)]
    public void LargestAndSmallest(int axis, int largest, int count)
    {
        using CompiledModel model = _models.Load($"Top{axis}{largest}", new OnnxModelBuilder().Input("x", 2, 3, 4).Input("k", DataType.Int64, 1)
            .Node("TopK", ["x", "k"], ["v", "i"], ("axis", axis), ("largest", largest)).Output("v", "a", "b", "c").Output("i", DataType.Int64, "a", "b", "c"));
        using CompiledSession session = model.CreateSession();
        float[] x = [.. X.Select(static value => float.IsNaN(value) ? 100 : value)];
        long[] sizes = [2, 3, 4];
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, 2, 3, 4), ["k"] = Tensor.Create([(long)count], 1) });
        long[] resultSizes = [.. sizes];
        resultSizes[axis] = count;
        Assert.Equal(resultSizes, results["v"].Shape.ToArray());
        foreach (((int start, int stride), (int to, int toStride)) in Lines(sizes, axis).Zip(Lines(resultSizes, axis)))
        {
            int[] order = [.. Enumerable.Range(0, (int)sizes[axis]).OrderBy(index => largest == 1 ? -x[start + (index * stride)] : x[start + (index * stride)]).ThenBy(static index => index)];
            for (int index = 0; index < count; index++)
            {
                Assert.Equal(order[index], results["i"].AsSpan<long>()[to + (index * toStride)]);
                Assert.Equal(x[start + (order[index] * stride)], results["v"].AsSpan<float>()[to + (index * toStride)]);
            }
        }

        Assert.Throws<DimensionOutOfBoundsException>(() => session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, 2, 3, 4), ["k"] = Tensor.Create([5L], 1) }));
    }

    /// <summary>Long lines with many equal elements and not-a-numbers, which come first of all, for any k.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void TheBestOfLongLinesWithoutAllocations(int largest)
    {
        const int Length = 3000;
        using CompiledModel model = _models.Load($"LongTop{largest}", new OnnxModelBuilder().Input("x", "n", Length).Input("k", DataType.Int64, 1)
            .Node("TopK", ["x", "k"], ["v", "i"], ("axis", -1), ("largest", largest)).Output("v", "n", "c").Output("i", DataType.Int64, "n", "c"));
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = 1 });
        var random = new Random(9);
        float[] x = [.. Enumerable.Range(0, 2 * Length).Select(index => index < Length ? random.Next(-300, 300) : random.Next(20) == 0 ? float.NaN : random.NextSingle())];
        foreach (int count in new[] { 0, 1, 2, 50, 2999, 3000 })
        {
            Dictionary<string, Tensor> inputs = new() { ["x"] = Tensor.Create(x, 2, Length), ["k"] = Tensor.Create([(long)count], 1) };
            IReadOnlyDictionary<string, Tensor> results = session.Run(inputs);
            for (int row = 0; row < 2; row++)
            {
                float Key(int index) => float.IsNaN(x[(row * Length) + index]) ? (largest == 1 ? float.PositiveInfinity : float.NegativeInfinity) : x[(row * Length) + index];
                IEnumerable<int> indices = Enumerable.Range(0, Length);
                long[] order = [.. (largest == 1 ? indices.OrderByDescending(Key) : indices.OrderBy(Key)).Take(count).Select(static index => (long)index)];
                Assert.Equal(order, results["i"].AsSpan<long>().Slice(row * count, count).ToArray());
            }

            using var run = new BoundRun(session, inputs);
            run.Run();
            Assert.Equal(0, ThreadAllocations.Measure(run.Run));
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    public void CumulativeSums(int reverse, int exclusive)
    {
        using CompiledModel model = _models.Load($"CumSum{reverse}{exclusive}", new OnnxModelBuilder().Input("x", 2, "n", 4).Integer("axis", -2)
            .Node("CumSum", ["x", "axis"], ["y"], ("reverse", reverse), ("exclusive", exclusive)).Output("y", 2, "n", 4));
        using CompiledSession session = model.CreateSession();
        float[] x = [.. X.Select(static value => float.IsNaN(value) ? 0.5f : value)];
        float[] expected = new float[x.Length];
        foreach ((int start, int stride) in Lines([2, 3, 4], 1))
        {
            for (int index = 0; index < 3; index++)
            {
                expected[start + (index * stride)] = (float)Enumerable.Range(0, 3)
                    .Where(other => (reverse == 1 ? other > index : other < index) || (other == index && exclusive == 0)).Sum(other => (double)x[start + (other * stride)]);
            }
        }

        Assert.Equal(expected, SmallModels.Run(session, "y", ("x", Tensor.Create(x, 2, 3, 4))));
    }

    [Theory]
    [InlineData("DCR")]
    [InlineData("CRD")]
    public void DepthToSpaceAndBack(string mode)
    {
        using CompiledModel model = _models.Load($"Depth{mode}", new OnnxModelBuilder().Input("x", "n", 8, "h", 3)
            .Node("DepthToSpace", ["x"], ["y"], ("blocksize", 2), ("mode", mode)).Node("SpaceToDepth", ["y"], ["z"], ("blocksize", 2))
            .Output("y", "n", 2, "h2", 6).Output("z", "n", 8, "h", 3));
        using CompiledSession session = model.CreateSession();
        float[] x = [.. Enumerable.Range(0, 8 * 2 * 3).Select(static index => (float)index)];
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, 1, 8, 2, 3) });
        for (int channel = 0; channel < 2; channel++)
        {
            for (int row = 0; row < 4; row++)
            {
                for (int column = 0; column < 6; column++)
                {
                    int block = (row % 2 * 2) + (column % 2);
                    int from = mode == "DCR" ? (block * 2) + channel : (channel * 4) + block;
                    Assert.Equal(x[(((from * 2) + (row / 2)) * 3) + (column / 2)], results["y"].AsSpan<float>()[(((channel * 4) + row) * 6) + column]);
                }
            }
        }

        if (mode == "DCR")
        {
            Assert.Equal(x, results["z"].AsSpan<float>().ToArray());
        }
    }

    [Fact]
    public void OneHotCountsFromTheEndAndLeavesWhatIsOutside()
    {
        using CompiledModel model = _models.Load("OneHot", new OnnxModelBuilder().Input("x", DataType.Int64, "n").Integer("depth", 3).Constant("values", [-1, 2], 2)
            .Node("OneHot", ["x", "depth", "values"], ["y"], ("axis", 0)).Output("y", 3, "n"));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([2, -1, -1, -1, -1, -1, 2, -1, -1, 2, -1, -1], SmallModels.Run(session, "y", ("x", Tensor.Create([0L, -1, 1, 7], 4))));
    }

    [Fact]
    public void ResponsesAreNormalizedAcrossChannels()
    {
        using CompiledModel model = _models.Load("Lrn", new OnnxModelBuilder().Input("x", 1, 6, "h", 2)
            .Node("LRN", ["x"], ["y"], ("size", 4), ("alpha", 0.3f), ("beta", 0.6f), ("bias", 1.5f)).Output("y", 1, 6, "h", 2));
        using CompiledSession session = model.CreateSession();
        float[] x = [.. Enumerable.Range(0, 12).Select(static index => MathF.Sin(index) * 2)];
        float[] y = SmallModels.Run(session, "y", ("x", Tensor.Create(x, 1, 6, 1, 2)));
        for (int index = 0; index < x.Length; index++)
        {
            int channel = index / 2;
            double sum = Enumerable.Range(channel - 1, 4).Where(static other => other is >= 0 and < 6).Sum(other => Math.Pow(x[(other * 2) + (index % 2)], 2));
            Assert.Equal(x[index] / Math.Pow(1.5 + (0.3 / 4 * sum), 0.6), y[index], 1e-5);
        }
    }

    [Theory]
    [InlineData("ij,jk->ik", "2,3", "3,4")]
    [InlineData("bij,bkj->bik", "2,3,4", "2,5,4")]
    [InlineData("bhqd,bhkd->bhqk", "2,2,3,4", "2,2,5,4")]
    [InlineData("ij,ij->j", "3,4", "3,4")]
    [InlineData("i,j->ji", "3", "4")]
    [InlineData("ij->ji", "2,3", "")]
    [InlineData("ijk->k", "2,3,4", "")]
    [InlineData("...ij,...jk->...ik", "2,1,3,4", "5,4,2")]
    [InlineData("ab,bc", "2,3", "3,2")]
    [InlineData("abc,cd->db", "2,3,4", "4,2")]
    public void Contractions(string equation, string left, string right)
    {
        long[] a = Sizes(left), b = Sizes(right);
        var builder = new OnnxModelBuilder().Input("a", [.. a.Cast<object>()]);
        var inputs = new List<(string, Tensor)> { ("a", Values(a, 1)) };
        if (b.Length > 0)
        {
            builder.Input("b", [.. b.Cast<object>()]);
            inputs.Add(("b", Values(b, 2)));
        }

        // The reference: every combination of all letters, ellipses spelled out.
        string spelled = equation.Contains("...", StringComparison.Ordinal) ? "xyij,yjk->xyik" : equation.Contains("->", StringComparison.Ordinal) ? equation : equation + "->ac";
        string[] sides = spelled.Split("->");
        string[] operands = sides[0].Split(',');
        long[][] shapes = b.Length > 0 ? [a, b] : [a];
        var letters = new SortedDictionary<char, long>();
        for (int operand = 0; operand < operands.Length; operand++)
        {
            for (int axis = 0; axis < operands[operand].Length; axis++)
            {
                letters.TryGetValue(operands[operand][axis], out long known);
                letters[operands[operand][axis]] = Math.Max(known, shapes[operand][axis]);
            }
        }

        double[] expected = new double[sides[1].Aggregate(1L, (product, letter) => product * letters[letter])];
        long combinations = letters.Values.Aggregate(1L, static (product, size) => product * size);
        for (long combination = 0; combination < combinations; combination++)
        {
            var at = new Dictionary<char, long>();
            long rest = combination;
            foreach ((char letter, long size) in letters)
            {
                at[letter] = rest % size;
                rest /= size;
            }

            double product = 1;
            for (int operand = 0; operand < operands.Length; operand++)
            {
                product *= inputs[operand].Item2.AsSpan<float>()[(int)operands[operand].Select((letter, axis) => (letter, axis))
                    .Aggregate(0L, (index, entry) => (index * shapes[operand][entry.axis]) + (shapes[operand][entry.axis] == 1 ? 0 : at[entry.letter]))];
            }

            expected[sides[1].Aggregate(0L, (index, letter) => (index * letters[letter]) + at[letter])] += product;
        }

        using CompiledModel model = _models.Load($"Einsum{Math.Abs(equation.GetHashCode(StringComparison.Ordinal))}", builder
            .Node("Einsum", [.. inputs.Select(static input => input.Item1)], ["y"], ("equation", equation)).Output("y", [.. sides[1].Select((_, axis) => (object)$"o{axis}")]));
        using CompiledSession session = model.CreateSession();
        float[] y = SmallModels.Run(session, "y", [.. inputs]);
        Assert.Equal(expected.Length, y.Length);
        for (int index = 0; index < y.Length; index++)
        {
            Assert.Equal(expected[index], y[index], 1e-5);
        }
    }

    [Fact]
    public void WrongUsesAreRefused()
    {
        Assert.Contains("stands twice", _models.Refusal("Diagonal", new OnnxModelBuilder().Input("x", 2).Node("Einsum", ["x"], ["y"], ("equation", "i->ii")).Output("y", 2, 2)));
        Assert.Contains("does not fit", _models.Refusal("Rank", new OnnxModelBuilder().Input("x", 2, 2).Node("Einsum", ["x"], ["y"], ("equation", "i->i")).Output("y", 2)));
        Assert.Contains("elements are wanted", _models.Refusal("TooMany", new OnnxModelBuilder().Input("x", 2).Integers("k", 3).Node("TopK", ["x", "k"], ["y", "i"]).Output("y", 3)));
        Assert.Contains("does not divide", _models.Refusal("Blocks", new OnnxModelBuilder().Input("x", 1, 3, 2, 2).Node("DepthToSpace", ["x"], ["y"], ("blocksize", 2)).Output("y", 1, 1, 4, 4)));
    }

    private static long[] Sizes(string text) => [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse)];

    private static Tensor Values(long[] sizes, int seed) =>
        Tensor.Create([.. Enumerable.Range(0, (int)sizes.Aggregate(1L, static (product, size) => product * size)).Select(index => MathF.Sin((index * 1.7f) + seed))], sizes);

    /// <summary>Where the lines along an axis begin and how far their elements lie apart, in the order of the shape without the axis.</summary>
    private static IEnumerable<(int Start, int Stride)> Lines(long[] sizes, int axis)
    {
        int inner = (int)sizes.Skip(axis + 1).Aggregate(1L, static (product, size) => product * size);
        int outer = (int)sizes.Take(axis).Aggregate(1L, static (product, size) => product * size);
        return Enumerable.Range(0, outer * inner).Select(line => ((line / inner * (int)sizes[axis] * inner) + (line % inner), inner));
    }
}
