using Cameo.Kernels;
using Cameo.Tests.Infrastructure;
using Cameo.Threading;
using Xunit;

namespace Cameo.Tests.Kernels.Quantized;

/// <summary>Convolutions of 8-bit integers, which must be exact, with all operands ending at unmapped pages.</summary>
[Trait("Widths", "all")]
public sealed unsafe class IntegerConvolutionTests
{
    private static readonly ConvolutionShape[] Shapes =
    [
        // Pointwise, with fewer and more pixels than a strip.
        new(1, 5, 7, 1, SpatialAxis.Single, new(3, 3), new(3, 3)),
        new(2, 17, 40, 1, SpatialAxis.Single, new(9, 9), new(11, 11)),

        // 3×3 with padding, strides, dilation and uneven edges.
        new(1, 3, 16, 1, SpatialAxis.Single, new(8, 8, 3, 1, 1, 1, 1), new(8, 8, 3, 1, 1, 1, 1)),
        new(2, 4, 9, 1, SpatialAxis.Single, new(13, 7, 3, 2, 1, 1, 1), new(50, 25, 3, 2, 1, 1, 1)),
        new(1, 2, 3, 1, SpatialAxis.Single, new(12, 8, 3, 1, 2, 0, 0), new(70, 70, 3, 1, 2, 2, 2)),
        new(1, 2, 5, 1, SpatialAxis.Single, new(5, 3, 4, 3, 1, 3, 2), new(7, 4, 2, 3, 3, 2, 4)),

        // Padding wider than the image.
        new(1, 2, 2, 1, SpatialAxis.Single, new(2, 8, 3, 1, 1, 4, 4), new(2, 8, 3, 1, 1, 4, 4)),

        // Groups.
        new(1, 6, 8, 2, SpatialAxis.Single, new(6, 6, 3, 1, 1, 1, 1), new(6, 6, 3, 1, 1, 1, 1)),
        new(1, 4, 8, 4, SpatialAxis.Single, new(6, 6, 3, 1, 1, 1, 1), new(6, 6, 3, 1, 1, 1, 1)),

        // One and three dimensions.
        new(1, 3, 4, 1, SpatialAxis.Single, SpatialAxis.Single, new(100, 49, 5, 2, 1, 1, 1)),
        new(1, 2, 3, 1, new(4, 3, 2, 1, 1, 0, 0), new(5, 5, 3, 1, 1, 1, 1), new(6, 6, 3, 1, 1, 1, 1)),
    ];

    private static readonly ConvolutionShape[] DepthwiseShapes =
    [
        new(1, 5, 5, 5, SpatialAxis.Single, new(8, 8, 3, 1, 1, 1, 1), new(8, 8, 3, 1, 1, 1, 1)),
        new(2, 3, 3, 3, SpatialAxis.Single, new(13, 7, 3, 2, 1, 1, 1), new(50, 25, 3, 2, 1, 1, 1)),
        new(1, 2, 2, 2, SpatialAxis.Single, new(12, 8, 3, 1, 2, 0, 0), new(70, 70, 3, 1, 2, 2, 2)),
        new(1, 2, 2, 2, SpatialAxis.Single, new(25, 13, 10, 2, 1, 4, 5), new(5, 3, 4, 2, 1, 1, 2)),
        new(1, 2, 2, 2, SpatialAxis.Single, new(2, 8, 3, 1, 1, 4, 4), new(2, 8, 3, 1, 1, 4, 4)),
        new(1, 3, 3, 3, SpatialAxis.Single, SpatialAxis.Single, new(100, 33, 5, 3, 2, 4, 4)),
        new(1, 2, 2, 2, new(4, 3, 2, 1, 1, 0, 0), new(5, 5, 3, 1, 1, 1, 1), new(6, 6, 3, 1, 1, 1, 1)),
    ];

    [Fact]
    public void DirectIsExact()
    {
        for (int index = 0; index < Shapes.Length; index++)
        {
            for (int variant = 0; variant < 4; variant++)
            {
                Check(Shapes[index], depthwise: false, (variant & 1) != 0, (variant & 2) != 0, Workers.Serial);
            }
        }
    }

    [Fact]
    public void DepthwiseIsExact()
    {
        for (int index = 0; index < DepthwiseShapes.Length; index++)
        {
            for (int variant = 0; variant < 4; variant++)
            {
                Check(DepthwiseShapes[index], depthwise: true, (variant & 1) != 0, (variant & 2) != 0, Workers.Serial);
                Check(DepthwiseShapes[index], depthwise: false, (variant & 1) != 0, (variant & 2) != 0, Workers.Serial);
            }
        }
    }

    [Fact]
    public void ThreadsGiveTheSameSums()
    {
        var shape = new ConvolutionShape(1, 32, 48, 1, SpatialAxis.Single, new(30, 30, 3, 1, 1, 1, 1), new(31, 31, 3, 1, 1, 1, 1));
        ConvolutionShape depthwise = shape with { InputChannels = 48, Groups = 48, Height = new(60, 60, 3, 1, 1, 1, 1), Width = new(61, 61, 3, 1, 1, 1, 1) };
        foreach (int threads in new[] { 2, 3, 7 })
        {
            Check(shape, depthwise: false, true, true, new Workers(threads));
            Check(depthwise, depthwise: true, true, true, new Workers(threads));
        }
    }

    [Fact]
    public void RunsAllocateNothing()
    {
        var shape = new ConvolutionShape(1, 32, 32, 1, SpatialAxis.Single, new(20, 20, 3, 1, 1, 1, 1), new(21, 21, 3, 1, 1, 1, 1));
        ConvolutionShape depthwise = shape with { Groups = 32 };
        using GuardedBuffer<byte> input = new(32 * 20 * 21);
        using GuardedBuffer<int> output = new(32 * 20 * 21);
        using GuardedBuffer<uint> words = new(2 * 72 * 16);
        using GuardedBuffer<int> sums = new(32);
        var workers = new Workers(2);
        void Run()
        {
            IntegerConvolution.Direct(workers, shape, input.Pointer, null, words.Pointer, sums.Pointer, null, output.Pointer, default(NoChannelEpilogue));
            IntegerConvolution.Depthwise(workers, depthwise, input.Pointer, null, (sbyte*)words.Pointer, null, output.Pointer, default(NoChannelEpilogue));
        }

        Run();
        Run();
        Assert.Equal(0, ThreadAllocations.Measure(Run));
    }

    [Fact]
    public void OtherTypesAndSizesAreRefused()
    {
        var shape = new ConvolutionShape(1, 4, 4, 1, SpatialAxis.Single, new(3, 3), new(3, 3));
        Assert.Throws<NotSupportedException>(() => IntegerConvolution.Direct<short, int, NoChannelEpilogue>(Workers.Serial, shape, null, null, null, null, null, null, default));
        Assert.Throws<ArgumentException>(() => IntegerConvolution.Depthwise<byte, int, NoChannelEpilogue>(Workers.Serial, shape, null, null, null, null, null, default));
        Assert.Throws<ArgumentException>(() => IntegerConvolution.Direct<byte, int, NoChannelEpilogue>(Workers.Serial, shape with { Groups = 3 }, null, null, null, null, null, null, default));
    }

    private static void Check(in ConvolutionShape shape, bool depthwise, bool zeroPoints, bool weightZeroPoints, Workers workers)
    {
        Check<byte>(shape, depthwise, zeroPoints, weightZeroPoints, workers, value => (byte)(value + 128));
        Check<sbyte>(shape, depthwise, zeroPoints, weightZeroPoints, workers, value => (sbyte)value);
    }

    private static void Check<TInput>(in ConvolutionShape shape, bool depthwise, bool zeroPoints, bool weightZeroPoints, Workers workers, Func<int, TInput> convert)
        where TInput : unmanaged
    {
        var random = new Random(shape.GetHashCode());
        int length = shape.GroupInputs * shape.Taps;
        using GuardedBuffer<TInput> input = new(shape.Batch * shape.InputChannels * shape.InputPlane);
        foreach (ref TInput element in input.Span)
        {
            element = convert(random.Next(-128, 128));
        }

        using GuardedBuffer<TInput> zeroPoint = new(1);
        zeroPoint.Pointer[0] = convert(random.Next(-128, 128));
        using GuardedBuffer<sbyte> weights = new(shape.OutputChannels * length), weightZero = new(shape.OutputChannels);
        random.NextBytes(new Span<byte>(weights.Pointer, (int)weights.Length));
        random.NextBytes(new Span<byte>(weightZero.Pointer, (int)weightZero.Length));

        using GuardedBuffer<int> sums = new(shape.Batch * shape.OutputChannels * shape.OutputPlane);
        using GuardedBuffer<byte> bytes = new(sums.Length);
        TInput* zero = zeroPoints ? zeroPoint.Pointer : null;
        sbyte* weightZeros = weightZeroPoints ? weightZero.Pointer : null;
        var epilogue = new RequantizeEpilogue(1f / 3000, 120);
        if (depthwise)
        {
            IntegerConvolution.Depthwise(workers, shape, input.Pointer, zero, weights.Pointer, weightZeros, sums.Pointer, epilogue);
            IntegerConvolution.Depthwise(workers, shape, input.Pointer, zero, weights.Pointer, weightZeros, bytes.Pointer, epilogue);
        }
        else
        {
            using GuardedBuffer<uint> words = Pack(shape, weights.Span);
            int panels = shape.Groups * ((shape.GroupOutputs + 15) / 16);
            using GuardedBuffer<int> channelSums = new(panels * 16);
            IntegerMatrixMultiply.ColumnSums(words.Pointer, shape.Groups, shape.GroupOutputs, length, 16, channelSums.Pointer);
            IntegerConvolution.Direct(workers, shape, input.Pointer, zero, words.Pointer, channelSums.Pointer, weightZeros, sums.Pointer, epilogue);
            IntegerConvolution.Direct(workers, shape, input.Pointer, zero, words.Pointer, channelSums.Pointer, weightZeros, bytes.Pointer, epilogue);
        }

        int[] elements = [.. input.Span.ToArray().Select(element => Convert.ToInt32(element) - (zeroPoints ? Convert.ToInt32(zeroPoint.Pointer[0]) : 0))];
        int[] expected = Convolve(shape, elements, weights.Span, weightZeroPoints ? weightZero.Span : new sbyte[shape.OutputChannels]);
        for (int index = 0; index < expected.Length; index++)
        {
            Assert.True(expected[index] == sums.Pointer[index], $"{shape}, depthwise {depthwise}, zero points {zeroPoints} {weightZeroPoints}, {typeof(TInput)}: {sums.Pointer[index]} instead of {expected[index]} at {index}");
            Assert.Equal(epilogue.Expect(expected[index]), bytes.Pointer[index]);
        }
    }

    private static GuardedBuffer<uint> Pack(in ConvolutionShape shape, Span<sbyte> weights)
    {
        int length = shape.GroupInputs * shape.Taps, groups = (length + 3) / 4, panels = (shape.GroupOutputs + 15) / 16;
        var words = new GuardedBuffer<uint>(shape.Groups * panels * groups * 16);
        for (int channel = 0; channel < shape.OutputChannels; channel++)
        {
            (int group, int row) = Math.DivRem(channel, shape.GroupOutputs);
            for (int k = 0; k < length; k++)
            {
                int word = (((((group * panels) + (row / 16)) * groups) + (k / 4)) * 16) + (row % 16);
                words.Pointer[word] |= (uint)(byte)weights[(channel * length) + k] << (8 * (k % 4));
            }
        }

        return words;
    }

    private static int[] Convolve(in ConvolutionShape shape, int[] input, Span<sbyte> weights, Span<sbyte> zeroPoints)
    {
        var output = new int[shape.Batch * shape.OutputChannels * shape.OutputPlane];
        int index = 0;
        for (int image = 0; image < shape.Batch; image++)
        {
            for (int channel = 0; channel < shape.OutputChannels; channel++)
            {
                for (int z = 0; z < shape.Depth.Output; z++)
                {
                    for (int y = 0; y < shape.Height.Output; y++)
                    {
                        for (int x = 0; x < shape.Width.Output; x++)
                        {
                            output[index++] = Element(shape, input, weights, zeroPoints, image, channel, z, y, x);
                        }
                    }
                }
            }
        }

        return output;
    }

    private static int Element(in ConvolutionShape shape, int[] input, Span<sbyte> weights, Span<sbyte> zeroPoints, int image, int channel, int z, int y, int x)
    {
        int sum = 0;
        int weight = channel * shape.GroupInputs * shape.Taps;
        for (int i = 0; i < shape.GroupInputs; i++)
        {
            int source = (image * shape.InputChannels) + (channel / shape.GroupOutputs * shape.GroupInputs) + i;
            for (int tap = 0; tap < shape.Taps; tap++)
            {
                int inputZ = (z * shape.Depth.Stride) + (tap / shape.Width.Kernel / shape.Height.Kernel * shape.Depth.Dilation) - shape.Depth.PadBegin;
                int inputY = (y * shape.Height.Stride) + (tap / shape.Width.Kernel % shape.Height.Kernel * shape.Height.Dilation) - shape.Height.PadBegin;
                int inputX = (x * shape.Width.Stride) + (tap % shape.Width.Kernel * shape.Width.Dilation) - shape.Width.PadBegin;
                int factor = weights[weight++] - zeroPoints[channel];
                if ((uint)inputZ < (uint)shape.Depth.Input && (uint)inputY < (uint)shape.Height.Input && (uint)inputX < (uint)shape.Width.Input)
                {
                    sum += input[(((((source * shape.Depth.Input) + inputZ) * shape.Height.Input) + inputY) * shape.Width.Input) + inputX] * factor;
                }
            }
        }

        return sum;
    }
}
