using Cameo.Kernels;
using Cameo.Threading;
using Cameo.Vectors;
using Xunit;
using static Cameo.Tests.Kernels.ConvolutionShapes;

namespace Cameo.Tests.Kernels;

public sealed unsafe class WinogradConvolutionTests
{
    public static TheoryData<ConvolutionShape> Shapes() =>
    [
        TwoDimensional(1, 16, 16, 1, Same(14), Same(14)),
        TwoDimensional(1, 64, 48, 1, Same(14), Same(14)),
        TwoDimensional(2, 20, 33, 1, Same(13), Same(9)),
        TwoDimensional(1, 48, 40, 2, Same(13), Same(13)),
        TwoDimensional(1, 1, 1, 1, Same(1), Same(1)),
        TwoDimensional(1, 5, 70, 1, Same(3), Same(57)),
        TwoDimensional(1, 17, 32, 1, Forward(12, 3), Forward(31, 3)),
        TwoDimensional(1, 16, 16, 1, Forward(7, 3, padBegin: 2, padEnd: 2), Forward(6, 3, padBegin: 0, padEnd: 3)),
        TwoDimensional(1, 3, 16, 1, Forward(4, 3, padBegin: 9, padEnd: 6), Forward(5, 3, padBegin: 7, padEnd: 12)),
        TwoDimensional(1, 130, 100, 1, Same(33), Same(36)),
        TwoDimensional(1, 32, 16, 1, Same(5), Same(900)),
    ];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void ShapesMatchTheReferenceAtEveryWidthAndNumberOfThreads(ConvolutionShape shape)
    {
        var convolution = new ConvolutionCase(shape, false, 7);
        Check<Vector512Float>(convolution);
        Check<Vector256Float>(convolution);
        Check<Vector128Float>(convolution);
        Check<ScalarFloat>(convolution);
    }

    [Fact]
    [Trait("Widths", "all")]
    public void ThePublicEntryPointMatchesTheReferenceAtTheWidthOfTheProcess()
    {
        var few = new ConvolutionCase(TwoDimensional(1, 64, 80, 1, Same(14), Same(14)), false, 1);
        var many = new ConvolutionCase(TwoDimensional(1, 24, 40, 1, Same(60), Same(64)), false, 2);
        Assert.Equal(few.RunPublicWinograd(1), few.RunPublicWinograd(3));
        Assert.Equal(many.RunPublicWinograd(1), many.RunPublicWinograd(3));

        // Blocks of their own for two threads, rows of tiles in common for more.
        var uneven = new ConvolutionCase(TwoDimensional(1, 20, 72, 1, Same(27), Same(27)), false, 3);
        Assert.Equal(uneven.RunPublicWinograd(1), uneven.RunPublicWinograd(2));
        Assert.Equal(uneven.RunPublicWinograd(1), uneven.RunPublicWinograd(4));
    }

    [Fact]
    public void NothingIsAllocatedOnceScratchMemoryHasItsSize()
    {
        var workers = new Workers(3);
        ConvolutionShape shape = TwoDimensional(1, 32, 64, 1, Same(28), Same(28));
        var input = new float[32 * 28 * 28];
        var weights = new float[(int)WinogradConvolution.PackedWeightCount(shape)];
        var output = new float[64 * 28 * 28];
        long allocated = 0;
        fixed (float* x = input, w = weights, y = output)
        {
            for (int round = 0; round < 10; round++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                WinogradConvolution.Run(workers, shape, x, w, y, default(NoChannelEpilogue));
                allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            }
        }

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void OtherKernelsAreRefused()
    {
        ConvolutionShape shape = TwoDimensional(1, 4, 4, 1, Same(8), Same(8));
        foreach (SpatialAxis axis in new[] { Forward(8, 5), Forward(8, 3, 2), Forward(8, 3, 1, 2) })
        {
            ArgumentException exception = Assert.Throws<ArgumentException>(
                () => WinogradConvolution.Run(Workers.Serial, shape with { Width = axis }, null, null, null, default(NoChannelEpilogue)));
            Assert.Contains("3×3", exception.Message, StringComparison.Ordinal);
        }
    }

    private static SpatialAxis Same(int size) => Forward(size, 3, padBegin: 1, padEnd: 1);

    private static void Check<V>(ConvolutionCase convolution)
        where V : struct, IVector<V> => Assert.Equal(convolution.RunWinograd<V>(1, true), convolution.RunWinograd<V>(3, false));
}
