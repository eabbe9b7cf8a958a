using Cameo.Kernels;
using Cameo.Threading;
using Cameo.Vectors;
using Xunit;
using static Cameo.Tests.Kernels.ConvolutionShapes;

namespace Cameo.Tests.Kernels;

public sealed unsafe class ConvolutionTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 8)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void RandomShapesMatchTheReferenceAtEveryWidth(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 25; round++)
        {
            CheckEveryWidth(new ConvolutionCase(Random(random, false, false), false, seed + round), false);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void RandomDepthwiseShapesMatchTheReferenceAtEveryWidth(int seed)
    {
        var random = new Random(100 + seed);
        for (int round = 0; round < 25; round++)
        {
            CheckEveryWidth(new ConvolutionCase(Random(random, false, true), false, seed + round), true);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void RandomTransposedShapesMatchTheReferenceAtEveryWidth(int seed)
    {
        var random = new Random(200 + seed);
        for (int round = 0; round < 15; round++)
        {
            CheckEveryWidth(new ConvolutionCase(Random(random, true, false), true, seed + round), false);
        }
    }

    public static TheoryData<ConvolutionShape> Shapes() =>
    [
        TwoDimensional(1, 1, 8, 1, Forward(28, 5, padBegin: 2, padEnd: 2), Forward(28, 5, padBegin: 2, padEnd: 2)),
        TwoDimensional(1, 16, 33, 1, Forward(14, 3, padBegin: 1, padEnd: 1), Forward(14, 3, padBegin: 1, padEnd: 1)),
        TwoDimensional(1, 3, 24, 1, Forward(61, 7, 2, 1, 3, 3), Forward(61, 7, 2, 1, 3, 3)),
        TwoDimensional(2, 20, 40, 1, Forward(9, 1), Forward(7, 1)),
        TwoDimensional(1, 40, 20, 1, Forward(1, 1), Forward(1, 1)),
        TwoDimensional(3, 37, 50, 1, Forward(1, 1), Forward(2, 1)),
        TwoDimensional(1, 8, 12, 4, Forward(30, 1, 2), Forward(31, 1, 2)),
        TwoDimensional(1, 12, 40, 1, Forward(5, 3, padBegin: 1, padEnd: 1), Forward(7, 3, padBegin: 1, padEnd: 1)),
        TwoDimensional(1, 2, 5, 1, Forward(3, 5, padBegin: 7, padEnd: 9), Forward(2, 3, padBegin: 11, padEnd: 4)),
        TwoDimensional(1, 2, 3, 1, SpatialAxis.Single, Forward(5000, 9, padBegin: 4, padEnd: 4)),
        TwoDimensional(1, 2, 3, 1, SpatialAxis.Single, Forward(5003, 400, 160, 1, 200, 200)),
        TwoDimensional(1, 2, 3, 1, Forward(6, 3, padBegin: 1, padEnd: 1), Forward(1100, 3, 1, 2, 2, 1)),
        TwoDimensional(1, 600, 4, 1, Forward(13, 3, padBegin: 1, padEnd: 1), Forward(24, 3, padBegin: 1, padEnd: 1)),
        new(1, 3, 18, 1, Forward(5, 3, 2, 1, 1, 1), Forward(8, 3, padBegin: 1, padEnd: 1), Forward(9, 3, 1, 2, 2, 2)),
    ];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void TypicalShapesMatchTheReferenceAtEveryWidth(ConvolutionShape shape) =>
        CheckEveryWidth(new ConvolutionCase(shape, false, 7), false);

    [Fact]
    [Trait("Widths", "all")]
    public void ThePublicEntryPointsMatchTheReferenceAtTheWidthOfTheProcess()
    {
        var random = new Random(300);
        for (int round = 0; round < 30; round++)
        {
            new ConvolutionCase(Random(random, false, false), false, round).RunPublic(1, false);
            new ConvolutionCase(Random(random, false, true), false, round).RunPublic(1, true);
            new ConvolutionCase(Random(random, true, false), true, round).RunPublic(1, false);
        }
    }

    [Fact]
    [Trait("Widths", "all")]
    public void ThePublicEntryPointsGiveEqualBitsForEveryNumberOfThreads()
    {
        var dense = new ConvolutionCase(
            TwoDimensional(1, 24, 72, 1, Forward(30, 3, padBegin: 1, padEnd: 1), Forward(33, 3, padBegin: 1, padEnd: 1)), false, 1);
        var pointwise = new ConvolutionCase(TwoDimensional(1, 64, 96, 1, Forward(20, 1), Forward(30, 1)), false, 2);
        var depthwise = new ConvolutionCase(
            TwoDimensional(2, 32, 32, 32, Forward(40, 3, padBegin: 1, padEnd: 1), Forward(40, 3, padBegin: 1, padEnd: 1)), false, 3);
        var transposed = new ConvolutionCase(
            TwoDimensional(1, 24, 40, 1, Transposed(20, 4, 2, 1, 1, 1), Transposed(20, 4, 2, 1, 1, 1)), true, 4);
        Assert.Equal(dense.RunPublic(1, false), dense.RunPublic(3, false));
        Assert.Equal(pointwise.RunPublic(1, false), pointwise.RunPublic(3, false));
        Assert.Equal(depthwise.RunPublic(1, true), depthwise.RunPublic(3, true));
        Assert.Equal(transposed.RunPublic(1, false), transposed.RunPublic(3, false));
    }

    /// <summary>Small images are cut for the threads that there are: into fewer rows a tile, shorter runs of pixels, lower blocks.</summary>
    [Fact]
    [Trait("Widths", "all")]
    public void SmallImagesGiveEqualBitsHoweverTheyAreCutForThreads()
    {
        var wideKernel = new ConvolutionCase(TwoDimensional(1, 16, 12, 1, Forward(24, 6, padBegin: 2, padEnd: 3), Forward(20, 6, padBegin: 2, padEnd: 3)), false, 1);
        var oneChannel = new ConvolutionCase(TwoDimensional(1, 1, 16, 1, Forward(49, 8, padBegin: 3, padEnd: 4), Forward(40, 8, padBegin: 3, padEnd: 4)), false, 2);
        var pointwise = new ConvolutionCase(TwoDimensional(1, 64, 16, 1, Forward(55, 1), Forward(55, 1)), false, 3);
        var strided = new ConvolutionCase(TwoDimensional(1, 24, 20, 1, Forward(41, 3, 2, 1, 1, 1), Forward(37, 3, 2, 1, 1, 1)), false, 4);
        var single = new ConvolutionCase(TwoDimensional(1, 48, 16, 1, Forward(1, 1), Forward(700, 9, padBegin: 4, padEnd: 4)), false, 5);
        foreach (ConvolutionCase convolution in new[] { wideKernel, oneChannel, pointwise, strided, single })
        {
            float[] serial = convolution.RunPublic(1, false);
            for (int threads = 2; threads <= 5; threads++)
            {
                Assert.Equal(serial, convolution.RunPublic(threads, false));
            }
        }
    }

    [Fact]
    public void NothingIsAllocatedOnceScratchMemoryHasItsSize()
    {
        var workers = new Workers(3);
        SpatialAxis same = Forward(32, 3, padBegin: 1, padEnd: 1);
        SpatialAxis half = Forward(32, 3, 2, 1, 1, 1);
        SpatialAxis twice = Transposed(32, 2, 2);
        ConvolutionShape dense = TwoDimensional(1, 16, 16, 1, same, same);
        ConvolutionShape strided = TwoDimensional(1, 16, 16, 1, half, half);
        ConvolutionShape transposed = TwoDimensional(1, 16, 16, 1, twice, twice);
        var pooling = new PoolingShape(1, 16, SpatialAxis.Single, half, half);
        var resized = new ResizeAxis(32, 64, 2);
        var input = new float[16 * 32 * 32];
        var weights = new float[16 * 16 * 9];
        var output = new float[16 * 64 * 64];
        long allocated = 0;
        fixed (float* x = input, w = weights, y = output)
        {
            for (int round = 0; round < 10; round++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                Convolution.Direct(workers, dense, x, w, y, default(NoChannelEpilogue));
                Convolution.Direct(workers, strided, x, w, y, default(NoChannelEpilogue));
                Convolution.Depthwise(workers, strided with { Groups = 16 }, x, w, y, default(NoChannelEpilogue));
                ConvolutionTranspose.Direct(workers, transposed, x, w, y, default(NoChannelEpilogue));
                Pooling.Max(workers, pooling, x, y, default(NoChannelEpilogue));
                Pooling.Average(workers, pooling, true, x, y, default(NoChannelEpilogue));
                Resize.Linear(workers, 1, 16, resized, resized, ResizeCoordinates.HalfPixel, x, y, default(NoChannelEpilogue));
                allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            }
        }

        Assert.Equal(0, allocated);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void ShuffledChannelsAreReadWhereTheyLie(int threads)
    {
        const int channels = 12, groups = 3, batch = 2, size = 9;
        ConvolutionShape shape = TwoDimensional(batch, channels, channels, channels, Forward(size, 3, padBegin: 1, padEnd: 1), Forward(size, 3, padBegin: 1, padEnd: 1));
        float[] lying = [.. Enumerable.Range(0, batch * channels * size * size).Select(static index => (float)Math.Sin(index))];
        float[] weights = [.. Enumerable.Range(0, channels * 9).Select(static index => (float)Math.Cos(index))];
        float[] shuffled = [.. Enumerable.Range(0, lying.Length).Select(index =>
        {
            int plane = index / (size * size);
            int channel = plane % channels;
            return lying[(((plane / channels * channels) + (channel % groups * (channels / groups)) + (channel / groups)) * size * size) + (index % (size * size))];
        })];
        var expected = new float[lying.Length];
        var actual = new float[lying.Length];
        fixed (float* from = lying, inOrder = shuffled, w = weights, y = expected, z = actual)
        {
            Convolution.Depthwise(Workers.Serial, shape, inOrder, w, y, default(NoChannelEpilogue));
            Convolution.Depthwise(new Workers(threads), shape, from, w, z, default(NoChannelEpilogue), groups);
        }

        Assert.Equal(expected, actual);
        Assert.Throws<ArgumentException>(() => Convolution.Depthwise(Workers.Serial, shape, null, null, null, default(NoChannelEpilogue), 5));
    }

    [Fact]
    public void WeightsArePackedInPanelsOfSixteenChannelsFilledWithZeros()
    {
        ConvolutionShape shape = TwoDimensional(1, 4, 6, 2, Forward(5, 1), Forward(5, 2));
        var weights = new float[6 * 2 * 2];
        for (int index = 0; index < weights.Length; index++)
        {
            weights[index] = index + 1;
        }

        var packed = new float[(int)Convolution.PackedWeightCount(shape)];
        fixed (float* source = weights, destination = packed)
        {
            Convolution.PackWeights(shape, source, destination);
        }

        Assert.Equal(2 * 4 * 16, packed.Length);
        for (int group = 0; group < 2; group++)
        {
            for (int element = 0; element < 4; element++)
            {
                for (int lane = 0; lane < 16; lane++)
                {
                    float expected = lane < 3 ? (((group * 3) + lane) * 4) + element + 1 : 0;
                    Assert.Equal(expected, packed[(((group * 4) + element) * 16) + lane]);
                }
            }
        }
    }

    [Fact]
    public void ImpossibleShapesAreRefused()
    {
        ConvolutionShape shape = TwoDimensional(1, 5, 6, 2, Forward(5, 3), Forward(5, 3));
        ArgumentException groups = Assert.Throws<ArgumentException>(
            () => Convolution.Direct(Workers.Serial, shape, null, null, null, default(NoChannelEpilogue)));
        Assert.Contains("divide the input channels (5)", groups.Message, StringComparison.Ordinal);
        ConvolutionShape stride = shape with { InputChannels = 6, Width = new SpatialAxis(5, 3, 3, 0) };
        Assert.Throws<ArgumentException>(() => Convolution.Direct(Workers.Serial, stride, null, null, null, default(NoChannelEpilogue)));
        Assert.Throws<ArgumentException>(
            () => Convolution.Depthwise(Workers.Serial, shape with { InputChannels = 6 }, null, null, null, default(NoChannelEpilogue)));
    }

    private static void CheckEveryWidth(ConvolutionCase convolution, bool depthwise)
    {
        CheckWidth<Vector512Float>(convolution, depthwise);
        CheckWidth<Vector256Float>(convolution, depthwise);
        CheckWidth<Vector128Float>(convolution, depthwise);
        CheckWidth<ScalarFloat>(convolution, depthwise);
    }

    private static void CheckWidth<V>(ConvolutionCase convolution, bool depthwise)
        where V : struct, IVector<V>
    {
        float[] serial = convolution.Run<V>(1, depthwise, true);
        Assert.Equal(serial, convolution.Run<V>(3, depthwise, false));
    }
}
