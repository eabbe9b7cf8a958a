using Cameo.Kernels;
using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Cameo.Threading;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Spatial;

/// <summary>GridSample and AffineGrid: all filters and paddings in one to three axes, element types, open sizes, refusals.</summary>
public sealed unsafe class GridSampleTests : IDisposable
{
    private readonly SmallModels _models = new();

    public static TheoryData<int[], GridFilter, GridPadding, bool> Cases()
    {
        var cases = new TheoryData<int[], GridFilter, GridPadding, bool>();
        foreach (int[] sizes in new int[][] { [7], [4, 5], [1, 6], [3, 2, 4] })
        {
            foreach (GridFilter filter in Enum.GetValues<GridFilter>())
            {
                foreach (GridPadding padding in Enum.GetValues<GridPadding>())
                {
                    cases.Add(sizes, filter, padding, false);
                    cases.Add(sizes, filter, padding, true);
                }
            }
        }

        return cases;
    }

    public void Dispose() => _models.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Samples_are_those_of_the_definition(int[] sizes, GridFilter filter, GridPadding padding, bool alignsCorners)
    {
        const int Batch = 2, Channels = 3, Positions = 700;
        int plane = sizes.Aggregate(1, static (product, size) => product * size), axes = sizes.Length;
        var random = new Random(plane + (int)filter);
        double[] input = [.. Enumerable.Range(0, Batch * Channels * plane).Select(_ => (random.NextDouble() * 4) - 2)];
        double[] grid = [.. Enumerable.Range(0, Batch * Positions * axes).Select(_ => (random.NextDouble() * 6) - 3)];
        double[] actual = Run(1), parallel = Run(4);
        Assert.Equal(actual, parallel);
        string filterName = filter.ToString().ToLowerInvariant(), paddingName = padding.ToString().ToLowerInvariant();
        for (int element = 0; element < actual.Length; element++)
        {
            (int image, int position) = (element / Positions, element % Positions);
            double[] place = [.. Enumerable.Range(0, axes).Select(axis =>
            {
                double coordinate = grid[((((image / Channels) * Positions) + position) * axes) + axes - 1 - axis];
                return alignsCorners ? (coordinate + 1) / 2 * (sizes[axis] - 1) : (((coordinate + 1) * sizes[axis]) - 1) / 2;
            })];
            Assert.Equal(SpatialReference.Sample(input.AsSpan(image * plane, plane), sizes, place, filterName, paddingName, alignsCorners), actual[element], 1e-9);
        }

        double[] Run(int threads)
        {
            var output = new double[Batch * Channels * Positions];
            long[] shape = [.. sizes.Select(static size => (long)size)];
            fixed (double* x = input, g = grid, y = output)
            {
                GridSample.Interpolate(new Workers(threads), x, Batch, Channels, shape, g, Positions, y, filter, padding, alignsCorners);
            }

            return output;
        }
    }

    [Theory]
    [InlineData(GridPadding.Zeros)]
    [InlineData(GridPadding.Border)]
    [InlineData(GridPadding.Reflection)]
    public void Positions_that_are_no_numbers_or_far_away_give_numbers_of_the_image(GridPadding padding)
    {
        float[] input = [3, 3, 3, 3], grid = [float.NaN, 0, float.PositiveInfinity, 0, 0, float.NegativeInfinity, 1e30f, -1e30f, 0, 0], output = new float[5];
        foreach (GridFilter filter in Enum.GetValues<GridFilter>())
        {
            fixed (float* x = input, g = grid, y = output)
            {
                GridSample.Interpolate(Workers.Serial, x, 1, 1, [2, 2], g, 5, y, filter, padding, false);
            }

            float outside = padding == GridPadding.Zeros ? 0 : 3;
            Assert.Equal(outside, output[0], 1e-5);
            Assert.Equal(outside, output[1], 1e-5);
            Assert.Equal(outside, output[2], 1e-5);
            Assert.Equal(outside, output[3], 1e-5);
        }
    }

    /// <summary>Integers are interpolated in float64 and cut off; a grid in float16 is read as such; sizes are open.</summary>
    [Fact]
    public void Integers_and_open_sizes()
    {
        using CompiledModel model = _models.Load("GridIntegers", new OnnxModelBuilder(opset: 20)
            .Input("x", DataType.Int64, "n", 1, "h", "w").Input("grid", DataType.Float16, "n", "oh", "ow", 2)
            .Node("GridSample", ["x", "grid"], ["y"], ("align_corners", 1))
            .Output("y", DataType.Int64, "n", 1, "oh", "ow"));
        using CompiledSession session = model.CreateSession();
        Half[] grid = [(Half)(-1f), (Half)(-1f), (Half)0f, (Half)0f, (Half)1f, (Half)0.5f];
        Tensor y = session.Run(new Dictionary<string, Tensor>
        {
            ["x"] = Tensor.Create<long>([1, 2, 4, -7, 10, 20], 1, 1, 2, 3),
            ["grid"] = Tensor.Create<Half>(grid, 1, 1, 3, 2),
        })["y"];
        // (2 + 10) / 2 and 4 + 0.75 · 16; 1 is a corner.
        Assert.Equal([1, 6, 16], y.AsSpan<long>().ToArray());
        Assert.Equal([1, 1, 1, 3], y.Shape.ToArray());
    }

    [Fact]
    public void Nearest_moves_elements_of_any_type()
    {
        using CompiledModel model = _models.Load("GridBooleans", new OnnxModelBuilder(opset: 22)
            .Input("x", DataType.Bool, 1, 1, 3).Input("grid", DataType.Double, 1, 4, 1)
            .Node("GridSample", ["x", "grid"], ["y"], ("mode", "nearest"))
            .Output("y", DataType.Bool, 1, 1, 4));
        using CompiledSession session = model.CreateSession();
        Tensor y = session.Run(new Dictionary<string, Tensor>
        {
            ["x"] = Tensor.Create<bool>([true, false, true], 1, 1, 3),
            ["grid"] = Tensor.Create<double>([-0.9, 0, 0.7, 1.9], 1, 4, 1),
        })["y"];
        Assert.Equal([true, false, true, false], y.AsSpan<bool>().ToArray());
    }

    [Theory]
    [InlineData(20, "x", "quadratic", "zeros", "'quadratic'")]
    [InlineData(20, "x", "linear", "wrap", "'wrap'")]
    [InlineData(16, "volume", "bilinear", "zeros", "4 axes")]
    [InlineData(20, "volume", "linear", "zeros", "5 axes")]
    public void What_does_not_exist_is_refused(int opset, string input, string mode, string padding, string reason)
    {
        string refusal = _models.Refusal("GridRefused", new OnnxModelBuilder(opset)
            .Input("x", 1, 1, 3, 3).Input("volume", 1, 1, 3, 3, 3).Input("grid", 1, 2, 2, 2)
            .Node("GridSample", [input, "grid"], ["y"], ("mode", mode), ("padding_mode", padding)).Output("y", 1, 1, 2, 2));
        Assert.Contains("GridSample", refusal, StringComparison.Ordinal);
        Assert.Contains(reason, refusal, StringComparison.Ordinal);
    }

    /// <summary>The size of the grid is data of the run.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Affine_grids_have_the_size_that_a_run_brings(bool alignsCorners)
    {
        using CompiledModel model = _models.Load($"Affine{alignsCorners}", new OnnxModelBuilder(opset: 20)
            .Input("theta", DataType.Double, "n", 3, 4).Input("size", DataType.Int64, 5)
            .Node("AffineGrid", ["theta", "size"], ["y"], ("align_corners", alignsCorners)).Output("y", DataType.Double, "n", "d", "h", "w", 3));
        using CompiledSession session = model.CreateSession();
        int[] sizes = [2, 1, 3];
        double[] theta = [.. Enumerable.Range(0, 24).Select(static index => Math.Sin(index))];
        Tensor y = session.Run(new Dictionary<string, Tensor>
        {
            ["theta"] = Tensor.Create<double>(theta, 2, 3, 4),
            ["size"] = Tensor.Create<long>([2, 9, 2, 1, 3], 5),
        })["y"];
        Assert.Equal([2, 2, 1, 3, 3], y.Shape.ToArray());
        double[] actual = y.AsSpan<double>().ToArray();
        for (int element = 0; element < actual.Length; element++)
        {
            int axis = element % 3, place = element / 3;
            int[] index = [place / 3 % 2, 0, place % 3];
            double[] position = [.. Enumerable.Range(0, 3).Select(current => alignsCorners ? (sizes[current] == 1 ? -1 : (2.0 * index[current] / (sizes[current] - 1)) - 1) : (((2.0 * index[current]) + 1) / sizes[current]) - 1)];
            int row = ((place / 6) * 12) + (axis * 4);
            double expected = (theta[row] * position[2]) + (theta[row + 1] * position[1]) + (theta[row + 2] * position[0]) + theta[row + 3];
            Assert.Equal(expected, actual[element], 1e-12);
        }
    }

    /// <summary>Texts can be picked; what lies outside is the empty text.</summary>
    [Theory]
    [InlineData(16)]
    [InlineData(22)]
    public void The_nearest_of_texts_is_picked(int opset)
    {
        using CompiledModel model = _models.Load("GridTexts" + opset, new OnnxModelBuilder(opset).Input("x", DataType.String, 1, 1, 2, 2).Input("grid", 1, 1, 5, 2)
            .Node("GridSample", ["x", "grid"], ["y"], ("mode", "nearest"), ("align_corners", 1L)).Output("y", DataType.String, 1, 1, 1, 5));
        using CompiledSession session = model.CreateSession();
        Tensor y = session.Run(new Dictionary<string, Tensor>
        {
            ["x"] = Tensor.Create(["a", "b", "c", "d"], 1, 1, 2, 2),
            ["grid"] = Tensor.Create<float>([1, 1, -0.9f, 0.8f, 0.7f, -0.6f, -1, -1, 3, 0.9f], 1, 1, 5, 2),
        })["y"];
        Assert.Equal(["d", "c", "b", "a", ""], y.Texts.ToArray());
    }
}
