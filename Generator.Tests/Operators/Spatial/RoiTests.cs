using Cameo.Kernels;
using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Cameo.Threading;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Spatial;

/// <summary>RoiAlign, MaxRoiPool and CropAndResize against their definitions.</summary>
public sealed unsafe class RoiTests : IDisposable
{
    private const int Batch = 2, Channels = 3, Height = 9, Width = 7;

    // Inside, across the border, outside, malformed (ends before it begins), and tiny.
    private static readonly double[] Regions = [0.3, 1.2, 5.1, 7.9, -3, -2, 4, 3.5, 20, 20, 30, 30, 5, 5, 2, 1, 1, 1, 1.1, 1.05];

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(RoiPooling.Average, 2, true)]
    [InlineData(RoiPooling.Average, 0, true)]
    [InlineData(RoiPooling.Average, 0, false)]
    [InlineData(RoiPooling.Maximum, 3, false)]
    [InlineData(RoiPooling.Maximum, 0, true)]
    public void Aligned_regions_are_sampled_as_defined(RoiPooling pooling, int ratio, bool shifts)
    {
        const int Rows = 3, Columns = 2;
        const double Scale = 0.75;
        double[] input = Image();
        long[] images = [0, 1, 1, 0, 1];
        double[] actual = Run(1);
        Assert.Equal(actual, Run(3));
        for (int element = 0; element < actual.Length; element++)
        {
            int x = element % Columns, y = element / Columns % Rows, channel = element / (Rows * Columns) % Channels, region = element / (Rows * Columns * Channels);
            double shift = shifts ? 0.5 : 0;
            double[] box = [.. Regions.Skip(4 * region).Take(4).Select(coordinate => (coordinate * Scale) - shift)];
            double width = shifts ? box[2] - box[0] : Math.Max(1, box[2] - box[0]), height = shifts ? box[3] - box[1] : Math.Max(1, box[3] - box[1]);
            int across = ratio > 0 ? ratio : Math.Max(0, (int)Math.Ceiling(width / Columns)), down = ratio > 0 ? ratio : Math.Max(0, (int)Math.Ceiling(height / Rows));
            double sum = 0, maximum = across * down == 0 ? 0 : double.NegativeInfinity;
            for (int sample = 0; sample < across * down; sample++)
            {
                double row = box[1] + ((y + (((sample / across) + 0.5) / down)) * height / Rows), column = box[0] + ((x + (((sample % across) + 0.5) / across)) * width / Columns);
                double[] parts = Parts(input.AsSpan((int)((images[region] * Channels) + channel) * Height * Width, Height * Width), row, column);
                sum += parts.Sum();
                maximum = Math.Max(maximum, parts.Max());
            }

            Assert.Equal(pooling == RoiPooling.Average ? sum / Math.Max(1, across * down) : maximum, actual[element], 1e-9);
        }

        double[] Run(int threads)
        {
            var output = new double[5 * Channels * Rows * Columns];
            fixed (double* x = input, regions = Regions, y = output)
            fixed (long* numbers = images)
            {
                RoiAlign.Run(new Workers(threads), x, new RoiImages(Batch, Channels, Height, Width, 5, Rows, Columns), regions, numbers, y, new RoiAlignOptions(pooling, (float)Scale, ratio, shifts), "r");
            }

            return output;
        }
    }

    [Fact]
    public void Regions_of_images_that_do_not_exist_are_errors_that_name_the_node()
    {
        using CompiledModel model = _models.Load("RoiImage", new OnnxModelBuilder(opset: 16)
            .Input("x", "n", 1, 2, 2).Input("rois", "regions", 4).Input("images", DataType.Int64, "regions")
            .Node("RoiAlign", ["x", "rois", "images"], ["y"]).Output("y", "regions", 1, 1, 1));
        using CompiledSession session = model.CreateSession();
        Tensor x = Tensor.Create<float>([1, 2, 3, 4], 1, 1, 2, 2);
        IndexOutOfRangeException error = Assert.Throws<IndexOutOfRangeException>(() =>
            SmallModels.Run(session, "y", ("x", x), ("rois", Tensor.Create<float>([0, 0, 2, 2], 1, 4)), ("images", Tensor.Create<long>([1], 1))));
        Assert.Contains("RoiAlign", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => SmallModels.Run(session, "y", ("x", x), ("rois", Tensor.Create<float>([0, 0, 1e12f, 2], 1, 4)), ("images", Tensor.Create<long>([0], 1))));
        Assert.Equal([2.5f], SmallModels.Run(session, "y", ("x", x), ("rois", Tensor.Create<float>([0, 0, 2, 2], 1, 4)), ("images", Tensor.Create<long>([0], 1))));
    }

    [Fact]
    public void The_largest_elements_of_parts_of_regions()
    {
        float[] input = [.. Image().Select(static value => (float)value)];
        float[] regions = [0, 1, 1, 5, 6, 1, -4, -4, 2, 2, 1, 5, 7, 40, 50, 0, 60, 60, 70, 70];
        using CompiledModel model = _models.Load("RegionMaximum", new OnnxModelBuilder()
            .Input("x", Batch, Channels, Height, Width).Input("rois", "regions", 5)
            .Node("MaxRoiPool", ["x", "rois"], ["y"], ("pooled_shape", new long[] { 2, 3 })).Output("y", "regions", Channels, 2, 3));
        using CompiledSession session = model.CreateSession();
        float[] actual = SmallModels.Run(session, "y", ("x", Tensor.Create<float>(input, Batch, Channels, Height, Width)), ("rois", Tensor.Create<float>(regions, 4, 5)));
        for (int element = 0; element < actual.Length; element++)
        {
            int x = element % 3, y = element / 3 % 2, channel = element / 6 % Channels, region = element / (6 * Channels);
            float[] box = [.. regions.Skip(5 * region).Take(5)];
            double width = Math.Max(1, box[3] - box[1] + 1) / 3, height = Math.Max(1, box[4] - box[2] + 1) / 2;
            float maximum = float.NegativeInfinity;
            for (int row = (int)(box[2] + Math.Floor(y * height)); row < box[2] + Math.Ceiling((y + 1) * height); row++)
            {
                for (int column = (int)(box[1] + Math.Floor(x * width)); column < box[1] + Math.Ceiling((x + 1) * width); column++)
                {
                    maximum = row is >= 0 and < Height && column is >= 0 and < Width ? Math.Max(maximum, input[(((((int)box[0] * Channels) + channel) * Height) + row) * Width + column]) : maximum;
                }
            }

            Assert.Equal(float.IsNegativeInfinity(maximum) ? 0 : maximum, actual[element]);
        }
    }

    /// <summary>The size of crops is data of the run; positions outside take the given value.</summary>
    [Theory]
    [InlineData("bilinear")]
    [InlineData("nearest")]
    public void Crops_have_the_size_that_a_run_brings(string mode)
    {
        using CompiledModel model = _models.Load($"Crop{mode}", new OnnxModelBuilder()
            .Input("x", 1, 1, 2, 3).Input("rois", "regions", 4).Input("images", DataType.Int32, "regions").Input("size", DataType.Int32, 2)
            .Node("com.microsoft.CropAndResize", ["x", "rois", "images", "size"], ["y"], ("mode", mode), ("extrapolation_value", -5f)).Output("y", "regions", 1, "h", "w"));
        using CompiledSession session = model.CreateSession();
        float[] y = SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 2, 4, 8, 16, 32], 1, 1, 2, 3)), ("rois", Tensor.Create<float>([0, 0, 1, 1, -1, 0, 0.75f, 1], 2, 4)),
            ("images", new Tensor(ElementType.Int32, 2)), ("size", Tensor.Create<int>([2, 4], 2)));
        // Columns 0, 2/3, 4/3 and 2; of the second crop rows -1 (outside) and 0.75.
        float[] expected = mode == "nearest"
            ? [1, 2, 2, 4, 8, 16, 16, 32, -5, -5, -5, -5, 8, 16, 16, 32]
            : [1, 5 / 3f, 8 / 3f, 4, 8, 40 / 3f, 64 / 3f, 32, -5, -5, -5, -5, 6.25f, (5 / 3f * 0.25f) + 10, (8 / 3f * 0.25f) + 16, 25];
        Assert.Equal(expected, y, static (left, right) => Math.Abs(left - right) < 1e-4);
    }

    [Theory]
    [InlineData("RoiAlign", "mode", "median", "median")]
    [InlineData("RoiAlign", "coordinate_transformation_mode", "asymmetric", "asymmetric")]
    [InlineData("RoiAlign", "output_height", 0, "[0, 1]")]
    [InlineData("RoiAlign", "sampling_ratio", -1, "-1")]
    [InlineData("MaxRoiPool", "mode", "avg", "pooled_shape")]
    public void What_has_no_meaning_is_refused(string type, string attribute, object value, string reason)
    {
        string refusal = _models.Refusal("RoiRefused", new OnnxModelBuilder()
            .Input("x", 1, 1, 2, 2).Input("rois", 1, type == "RoiAlign" ? 4 : 5).Input("images", DataType.Int64, 1)
            .Node(type, type == "RoiAlign" ? ["x", "rois", "images"] : ["x", "rois"], ["y"], (attribute, value)).Output("y", 1, 1, 1, 1));
        Assert.Contains(type, refusal, StringComparison.Ordinal);
        Assert.Contains(reason, refusal, StringComparison.Ordinal);
    }

    private static double[] Image() => [.. Enumerable.Range(0, Batch * Channels * Height * Width).Select(static index => Math.Sin(index * 1.7) * 3)];

    /// <summary>The four weighted neighbours of a sample; zeros where it lies more than one element outside.</summary>
    private static double[] Parts(ReadOnlySpan<double> image, double row, double column)
    {
        if (row < -1 || row > Height || column < -1 || column > Width)
        {
            return [0, 0, 0, 0];
        }

        row = Math.Clamp(row, 0, Height - 1);
        column = Math.Clamp(column, 0, Width - 1);
        int top = (int)row, left = (int)column, bottom = Math.Min(top + 1, Height - 1), right = Math.Min(left + 1, Width - 1);
        double down = row - top, across = column - left;
        return [(1 - down) * (1 - across) * image[(top * Width) + left], (1 - down) * across * image[(top * Width) + right], down * (1 - across) * image[(bottom * Width) + left], down * across * image[(bottom * Width) + right]];
    }
}
