using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Spatial;

/// <summary>DeformConv against its definition.</summary>
public sealed class DeformConvTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(new[] { 11 }, new[] { 3 }, 1, 1, 1, 1, 0, false)]
    [InlineData(new[] { 6, 7 }, new[] { 3, 2 }, 1, 1, 1, 1, 1, false)]
    [InlineData(new[] { 6, 7 }, new[] { 3, 2 }, 2, 1, 2, 1, 1, true)]
    [InlineData(new[] { 6, 7 }, new[] { 2, 3 }, 1, 4, 1, 2, 2, true)]
    [InlineData(new[] { 4, 5, 3 }, new[] { 2, 2, 2 }, 2, 2, 1, 1, 1, true)]
    public void Windows_are_read_at_moved_places(int[] sizes, int[] kernel, int groups, int offsetGroups, int stride, int dilation, int pad, bool hasMask)
    {
        const int Batch = 2, Channels = 4, Outputs = 6;
        int axes = sizes.Length;
        int[] result = [.. sizes.Select((size, axis) => ((size + (2 * pad) - ((kernel[axis] - 1) * dilation) - 1) / stride) + 1)];
        int plane = Product(sizes), elements = Product(kernel), positions = Product(result);
        long[] Shape(long first, long second, int[] rest) => [first, second, .. rest.Select(static size => (long)size)];
        long[] xShape = Shape(Batch, Channels, sizes), wShape = Shape(Outputs, Channels / groups, kernel), offsetShape = Shape(Batch, offsetGroups * elements * axes, result), maskShape = Shape(Batch, offsetGroups * elements, result);
        OnnxModelBuilder builder = new OnnxModelBuilder(opset: 19).Input("x", DataType.Float, ["n", Channels, .. sizes.Cast<object>()]).Weight("w", wShape).Weight("b", Outputs)
            .Input("offset", DataType.Float, ["n", .. offsetShape.Skip(1).Cast<object>()]).Input("mask", DataType.Float, ["n", .. maskShape.Skip(1).Cast<object>()])
            .Node("DeformConv", hasMask ? ["x", "w", "offset", "b", "mask"] : ["x", "w", "offset"], ["y"], ("group", groups), ("offset_group", offsetGroups),
                ("strides", Repeat(stride, axes)), ("dilations", Repeat(dilation, axes)), ("pads", Repeat(pad, 2 * axes)))
            .Output("y", ["n", Outputs, .. result.Cast<object>()]);
        using CompiledModel model = _models.Load($"Deform{axes}{groups}{offsetGroups}{stride}{dilation}", builder);
        float[] x = OnnxModelBuilder.WeightValues("x", xShape), w = OnnxModelBuilder.WeightValues("w", wShape), b = OnnxModelBuilder.WeightValues("b", Outputs);
        float[] offset = [.. OnnxModelBuilder.WeightValues("offset", offsetShape).Select(static value => value * 3)], mask = OnnxModelBuilder.WeightValues("mask", maskShape);
        float[] actual = Run(1);
        Assert.Equal(actual, Run(4));
        for (int element = 0; element < actual.Length; element++)
        {
            int position = element % positions, output = element / positions % Outputs, image = element / (positions * Outputs);
            double sum = hasMask ? b[output] : 0;
            for (int input = 0; input < Channels / groups; input++)
            {
                int channel = (output / (Outputs / groups) * (Channels / groups)) + input, offsetGroup = channel / (Channels / offsetGroups);
                double[] pixels = [.. x.Skip(((image * Channels) + channel) * plane).Take(plane).Select(static value => (double)value)];
                for (int tap = 0; tap < elements; tap++)
                {
                    int place = ((image * offsetGroups) + offsetGroup) * elements + tap;
                    double[] coordinates = new double[axes];
                    for ((int axis, int restTap, int restPosition) = (axes - 1, tap, position); axis >= 0; axis--)
                    {
                        coordinates[axis] = (restPosition % result[axis] * stride) + (restTap % kernel[axis] * dilation) - pad + offset[(((place * axes) + axis) * positions) + position];
                        (restTap, restPosition) = (restTap / kernel[axis], restPosition / result[axis]);
                    }

                    double sample = SpatialReference.Sample(pixels, sizes, coordinates, "linear", "zeros", true);
                    sum += sample * (hasMask ? mask[(place * positions) + position] : 1) * w[(((output * (Channels / groups)) + input) * elements) + tap];
                }
            }

            Assert.Equal(sum, actual[element], 2e-5);
        }

        float[] Run(int threads)
        {
            using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
            return SmallModels.Run(session, "y", ("x", Tensor.Create<float>(x, xShape)), ("offset", Tensor.Create<float>(offset, offsetShape)), ("mask", Tensor.Create<float>(mask, maskShape)));
        }
    }

    [Theory]
    [InlineData(8, 2, "offsets")]
    [InlineData(9, 1, "offsets")]
    [InlineData(8, 1, "result in axis 2")]
    public void Offsets_that_do_not_fit_are_refused(int channels, int offsetGroups, string reason)
    {
        string refusal = _models.Refusal("DeformRefused", new OnnxModelBuilder(opset: 22)
            .Input("x", 1, 2, 4, 4).Input("w", 1, 2, 2, 2).Input("offset", 1, channels, 2, 2)
            .Node("DeformConv", ["x", "w", "offset"], ["y"], ("offset_group", offsetGroups)).Output("y", 1, 1, 2, 2));
        Assert.Contains("DeformConv", refusal, StringComparison.Ordinal);
        Assert.Contains(reason, refusal, StringComparison.Ordinal);
    }

    private static long[] Repeat(int value, int count) => [.. Enumerable.Repeat((long)value, count)];

    private static int Product(int[] sizes) => sizes.Aggregate(1, static (product, size) => product * size);
}
