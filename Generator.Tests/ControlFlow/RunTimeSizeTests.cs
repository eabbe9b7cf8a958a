using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.ControlFlow;

/// <summary>Sizes that a run gets as data.</summary>
public sealed class RunTimeSizeTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void ReshapeToAShapeThatIsAnInput()
    {
        using CompiledModel model = _models.Load("Reshaped", new OnnxModelBuilder().Input("x", "n", 3).Input("rows", DataType.Int64, 1).Integers("rest", 2, -1)
            .Node("Concat", ["rows", "rest"], ["shape"], ("axis", 0))
            .Node("Reshape", ["x", "shape"], ["z"])
            .Node("ReduceSum", ["z", "axes"], ["y"], ("keepdims", 0)).Integers("axes", 2)
            .Output("y", "a", "b"));
        using CompiledSession session = model.CreateSession();
        float[] x = [.. Enumerable.Range(0, 12).Select(static index => (float)index)];
        foreach (long rows in new[] { 1L, 3L, 0L, 2L })
        {
            // 0 takes over the 4 rows that there are, which leaves one and a half elements and is refused.
            if (rows == 0)
            {
                Assert.Throws<DimensionOutOfBoundsException>(() => SmallModels.Run(session, "y", ("x", Tensor.Create(x, 4, 3)), ("rows", Tensor.Create([rows], 1))));
                continue;
            }

            int length = (int)(12 / (rows * 2));
            float[] expected = [.. Enumerable.Range(0, (int)rows * 2).Select(group => x.Skip(group * length).Take(length).Sum())];
            Tensor y = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, 4, 3), ["rows"] = Tensor.Create([rows], 1) })["y"];
            Assert.Equal([rows, 2], y.Shape.ToArray());
            Assert.Equal(expected, y.AsSpan<float>().ToArray());
        }

        Assert.Throws<DimensionOutOfBoundsException>(() => SmallModels.Run(session, "y", ("x", Tensor.Create(x, 4, 3)), ("rows", Tensor.Create([5L], 1))));
    }

    [Fact]
    public void MinusOneAsDataTakesWhatIsLeft()
    {
        using CompiledModel model = _models.Load("Inferred", new OnnxModelBuilder().Input("x", 12).Input("shape", DataType.Int64, 2)
            .Node("Reshape", ["x", "shape"], ["z"]).Node("Transpose", ["z"], ["y"]).Output("y", "a", "b"));
        using CompiledSession session = model.CreateSession();
        float[] x = [.. Enumerable.Range(0, 12).Select(static index => (float)index)];
        foreach ((long rows, long columns, int expected) in new[] { (-1L, 4L, 3), (6L, -1L, 6), (2L, 6L, 2) })
        {
            Tensor y = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, 12), ["shape"] = Tensor.Create([rows, columns], 2) })["y"];
            Assert.Equal([12 / expected, expected], y.Shape.ToArray());
            Assert.Equal(Enumerable.Range(0, 12).Select(index => x[(index % expected * (12 / expected)) + (index / expected)]), y.AsSpan<float>().ToArray());
        }
    }

    [Theory]
    [InlineData("reflect")]
    [InlineData("edge")]
    [InlineData("wrap")]
    [InlineData("constant")]
    public void PadsFromAnInputOfTheRun(string mode)
    {
        using CompiledModel model = _models.Load($"Pads{mode}", new OnnxModelBuilder(opset: 19).Input("x", 2, 4).Input("pads", DataType.Int64, 4).Constant("value", [9])
            .Node("Pad", ["x", "pads", "value"], ["y"], ("mode", mode)).Output("y", "a", "b"));
        using CompiledSession session = model.CreateSession();
        float[] x = [1, 2, 3, 4, 5, 6, 7, 8];
        foreach (long[] pads in new long[][] { [0, 3, 0, 2], [1, -1, 1, 1], [1, 0, 0, -4], [0, 0, 0, 0] })
        {
            (int rows, int columns) = ((int)(2 + pads[0] + pads[2]), (int)(4 + pads[1] + pads[3]));
            float[] expected = new float[rows * columns];
            for (int index = 0; index < expected.Length; index++)
            {
                int row = Source((index / columns) - (int)pads[0], 2, mode), column = Source((index % columns) - (int)pads[1], 4, mode);
                expected[index] = row < 0 || column < 0 ? 9 : x[(row * 4) + column];
            }

            Assert.Equal(expected, SmallModels.Run(session, "y", ("x", Tensor.Create(x, 2, 4)), ("pads", Tensor.Create(pads, 4))));
        }
    }

    [Fact]
    public void DeclaredSizesAreHeldAgainstTheData()
    {
        using CompiledModel model = _models.Load("DeclaredSizes", new OnnxModelBuilder().Input("x", 1).Input("shape", DataType.Int64, 1)
            .Node("Expand", ["x", "shape"], ["y"]).Output("y", 3));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([2, 2, 2], SmallModels.Run(session, "y", ("x", Tensor.Create([2f], 1)), ("shape", Tensor.Create([3L], 1))));
        Assert.Throws<DimensionOutOfBoundsException>(() => SmallModels.Run(session, "y", ("x", Tensor.Create([2f], 1)), ("shape", Tensor.Create([4L], 1))));
    }

    [Theory]
    [InlineData("ReduceSum", 1)]
    [InlineData("ReduceSum", 0)]
    [InlineData("ReduceMean", 1)]
    [InlineData("ReduceMean", 0)]
    public void AxesOfReductionsFromAnInputOfTheRun(string type, int keepdims)
    {
        string[] names = keepdims == 0 ? ["a"] : ["a", "b", "c"];
        using CompiledModel model = _models.Load($"Axes{type}{keepdims}", new OnnxModelBuilder(opset: 18).Input("x", 2, 3, 4).Input("axes", DataType.Int64, 2)
            .Node(type, ["x", "axes"], ["y"], ("keepdims", keepdims)).Output("y", names));
        using CompiledSession session = model.CreateSession();
        float[] x = [.. Enumerable.Range(0, 24).Select(static index => (float)(index * index % 17))];
        int[] sizes = [2, 3, 4], strides = [12, 4, 1];
        foreach (long[] axes in new long[][] { [0, 1], [2, 0], [-1, 1], [1, -3] })
        {
            int[] reduced = [.. axes.Select(static axis => (int)((axis + 3) % 3))];
            int kept = Enumerable.Range(0, 3).Single(axis => !reduced.Contains(axis));
            int count = 24 / sizes[kept];
            double[] expected = [.. Enumerable.Range(0, sizes[kept]).Select(position => x.Where((_, index) => index / strides[kept] % sizes[kept] == position).Sum(static value => (double)value))];
            Tensor y = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, 2, 3, 4), ["axes"] = Tensor.Create(axes, 2) })["y"];
            Assert.Equal(keepdims == 0 ? [sizes[kept]] : [.. sizes.Select((size, axis) => axis == kept ? size : 1L)], y.Shape.ToArray());
            Assert.Equal(expected.Select(sum => (float)(type == "ReduceMean" ? sum / count : sum)), y.AsSpan<float>().ToArray());
        }

        // An axis that does not exist, and one that is named twice so that an axis too many would stay.
        Assert.Throws<DimensionOutOfBoundsException>(() => SmallModels.Run(session, "y", ("x", Tensor.Create(x, 2, 3, 4)), ("axes", Tensor.Create([0L, 3L], 2))));
        if (keepdims == 0)
        {
            Assert.Throws<DimensionOutOfBoundsException>(() => SmallModels.Run(session, "y", ("x", Tensor.Create(x, 2, 3, 4)), ("axes", Tensor.Create([1L, -2L], 2))));
        }
    }

    [Fact]
    public void AnExpansionToANumberFromDataIsChecked()
    {
        using CompiledModel model = _models.Load("Computed", new OnnxModelBuilder().Input("x", 3)
            .Node("ReduceMax", ["x"], ["m"], ("keepdims", 0)).Node("Cast", ["m"], ["i"], ("to", 7)).Node("Reshape", ["i", "one"], ["shape"]).Integers("one", 1)
            .Node("Expand", ["x", "shape"], ["y"]).Output("y", "n"));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([3, 2, 1], SmallModels.Run(session, "y", ("x", Tensor.Create([3f, 2, 1], 3))));
        Assert.Equal([1, 0, 1], SmallModels.Run(session, "y", ("x", Tensor.Create([1f, 0, 1], 3))));
        foreach (float other in new[] { 4f, 0, -1 })
        {
            Assert.Throws<DimensionOutOfBoundsException>(() => SmallModels.Run(session, "y", ("x", Tensor.Create([other, other, other], 3))));
        }
    }

    private static int Source(int position, int size, string mode)
    {
        if (position >= 0 && position < size)
        {
            return position;
        }

        switch (mode)
        {
            case "edge":
                return position < 0 ? 0 : size - 1;
            case "wrap":
                return (position + (10 * size)) % size;
            case "reflect":
                while (position < 0 || position >= size)
                {
                    position = position < 0 ? -position : (2 * (size - 1)) - position;
                }

                return position;
            default:
                return -1;
        }
    }
}
