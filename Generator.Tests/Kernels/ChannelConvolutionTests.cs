using Cameo.Kernels;
using Cameo.Threading;
using Cameo.Vectors;
using Xunit;
using static Cameo.Tests.Kernels.ConvolutionShapes;

namespace Cameo.Tests.Kernels;

public sealed unsafe class ChannelConvolutionTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 6)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void RandomShapesMatchTheReferenceAtEveryWidth(int seed)
    {
        var random = new Random(400 + seed);
        for (int round = 0; round < 25; round++)
        {
            CheckEveryWidth(new ConvolutionCase(Random(random, false, false) with { Depth = SpatialAxis.Single }, false, seed + round));
        }
    }

    public static TheoryData<ConvolutionShape> Shapes() =>
    [
        TwoDimensional(1, 64, 48, 1, Forward(7, 1), Forward(7, 1)),
        TwoDimensional(2, 40, 80, 2, Forward(14, 1), Forward(14, 1)),
        TwoDimensional(1, 600, 70, 1, Forward(14, 1), Forward(14, 1)),
        TwoDimensional(1, 20, 33, 1, Forward(40, 1), Forward(50, 1)),
        TwoDimensional(1, 48, 40, 1, Forward(14, 1, 2), Forward(14, 1, 2)),
        TwoDimensional(1, 33, 100, 1, Forward(7, 3, padBegin: 1, padEnd: 1), Forward(7, 3, padBegin: 1, padEnd: 1)),
        TwoDimensional(1, 96, 32, 1, Forward(28, 3, 2, 1, 1, 1), Forward(28, 3, 2, 1, 1, 1)),
        TwoDimensional(1, 24, 64, 2, Forward(14, 5, padBegin: 2, padEnd: 2), Forward(14, 5, padBegin: 2, padEnd: 2)),
        TwoDimensional(1, 17, 16, 1, Forward(9, 3, 1, 2, 2, 2), Forward(11, 3, 1, 3, 3, 1)),
        TwoDimensional(1, 5, 5, 1, Forward(3, 5, padBegin: 7, padEnd: 9), Forward(2, 3, padBegin: 11, padEnd: 4)),
        TwoDimensional(1, 16, 8, 1, SpatialAxis.Single, Forward(300, 9, padBegin: 4, padEnd: 4)),
    ];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void TypicalShapesMatchTheReferenceAtEveryWidth(ConvolutionShape shape) => CheckEveryWidth(new ConvolutionCase(shape, false, 7));

    [Fact]
    [Trait("Widths", "all")]
    public void ThePublicEntryPointMatchesTheReferenceAtTheWidthOfTheProcess()
    {
        var pointwise = new ConvolutionCase(TwoDimensional(1, 256, 96, 1, Forward(14, 1), Forward(14, 1)), false, 1);
        var strided = new ConvolutionCase(TwoDimensional(1, 64, 100, 1, Forward(28, 3, 2, 1, 1, 1), Forward(28, 3, 2, 1, 1, 1)), false, 2);
        Assert.Equal(pointwise.RunPublicChannels(1), pointwise.RunPublicChannels(3));
        Assert.Equal(strided.RunPublicChannels(1), strided.RunPublicChannels(3));

        // So few weights that threads share pixels instead of channels.
        var small = new ConvolutionCase(TwoDimensional(1, 256, 48, 1, Forward(13, 1), Forward(13, 1)), false, 5);
        var rows = new ConvolutionCase(TwoDimensional(1, 32, 40, 1, Forward(13, 3, padBegin: 1, padEnd: 1), Forward(11, 3, padBegin: 1, padEnd: 1)), false, 6);
        for (int threads = 2; threads <= 4; threads++)
        {
            Assert.Equal(small.RunPublicChannels(1), small.RunPublicChannels(threads));
            Assert.Equal(rows.RunPublicChannels(1), rows.RunPublicChannels(threads));
        }
    }

    [Fact]
    public void ThreeDimensionsAreRefused()
    {
        ConvolutionShape shape = TwoDimensional(1, 4, 4, 1, Forward(8, 1), Forward(8, 1)) with { Depth = Forward(2, 1) };
        ArgumentException exception = Assert.Throws<ArgumentException>(() => ChannelConvolution.Run(Workers.Serial, shape, null, null, null, default(NoChannelEpilogue)));
        Assert.Contains("one or two dimensions", exception.Message, StringComparison.Ordinal);
    }

    private static void CheckEveryWidth(ConvolutionCase convolution)
    {
        Check<Vector512Float>(convolution);
        Check<Vector256Float>(convolution);
        Check<Vector128Float>(convolution);
        Check<ScalarFloat>(convolution);
    }

    private static void Check<V>(ConvolutionCase convolution)
        where V : struct, IVector<V> => Assert.Equal(convolution.RunChannels<V>(1, true), convolution.RunChannels<V>(3, false));
}
