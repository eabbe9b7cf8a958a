using Cameo.Kernels;
using Cameo.Threading;
using Cameo.Vectors;
using Xunit;
using static Cameo.Tests.Kernels.ConvolutionShapes;

namespace Cameo.Tests.Kernels;

public sealed unsafe class PoolingTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 6)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void RandomShapesMatchTheReferenceAtEveryWidth(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 40; round++)
        {
            PoolingShape shape = RandomShape(random);
            float[] input = RandomInput(random, shape);
            CheckWidth<Vector512Float>(shape, input);
            CheckWidth<Vector256Float>(shape, input);
            CheckWidth<Vector128Float>(shape, input);
            CheckWidth<ScalarFloat>(shape, input);
        }
    }

    [Fact]
    [Trait("Widths", "all")]
    public void ThePublicEntryPointsGiveEqualBitsForEveryNumberOfThreads()
    {
        var shape = new PoolingShape(2, 40, SpatialAxis.Single, Forward(31, 3, 2, 1, 1, 1), Forward(35, 3, 2, 1, 1, 1));
        float[] input = RandomInput(new Random(5), shape);
        Assert.Equal(RunMax(shape, input, 1, null), RunMax(shape, input, 3, null));
        Assert.Equal(RunAverage(shape, input, 1), RunAverage(shape, input, 3));
        var one = new long[OutputCount(shape)];
        var three = new long[OutputCount(shape)];
        float[] indexed = RunMax(shape, input, 1, one);
        Assert.Equal(indexed, RunMax(shape, input, 3, three));
        Assert.Equal(indexed, RunMax(shape, input, 1, null));
        Assert.Equal(one, three);
    }

    [Fact]
    [Trait("Widths", "all")]
    public void IndicesCountFromTheStartOfTheInputAndTakeTheFirstMaximum()
    {
        var shape = new PoolingShape(1, 2, SpatialAxis.Single, Forward(4, 2, 2), Forward(4, 2, 2));
        float[] input =
        [
            1, 5, 5, 2,
            5, 1, 2, 5,
            0, 0, -1, -2,
            0, 0, -3, -1,
            9, 8, 7, 7,
            6, 5, 8, 8,
            float.NaN, 1, float.NegativeInfinity, float.NaN,
            2, 3, float.NegativeInfinity, float.NegativeInfinity,
        ];
        var indices = new long[8];
        float[] output = RunMax(shape, input, 1, indices);
        Assert.Equal([5f, 5f, 0f, -1f, 9f, 8f, 3f, float.MinValue], output);
        Assert.Equal([1L, 2, 8, 10, 16, 22, 29, 26], indices);
    }

    [Fact]
    [Trait("Widths", "all")]
    public void AMaximumForgetsNaNThatIsNotLastInItsWindow()
    {
        const float N = float.NaN;
        var shape = new PoolingShape(1, 1, SpatialAxis.Single, Forward(2, 2, 2), Forward(8, 2, 2));
        float[] output = RunMax(shape, [N, 1, 1, N, 1, 2, 1, 2, 3, 2, 3, 2, N, 0, 0, N], 1, null);
        Assert.Equal([3f, 3f, 2f, N], output);
    }

    [Fact]
    [Trait("Widths", "all")]
    public void AnAverageDividesByTheElementsThatCount()
    {
        // One row of five ones, two zeros before and one after; windows of three every two; the last window leaves the padding.
        var axis = new SpatialAxis(5, 4, 3, 2, 1, 2, 1);
        var shape = new PoolingShape(1, 1, SpatialAxis.Single, SpatialAxis.Single, axis);
        float[] ones = [1, 1, 1, 1, 1];
        Assert.Equal([1f, 1f, 1f, 1f], Average(shape, ones, false));
        Assert.Equal([1f / 3, 1f, 1f, 1f / 2], Average(shape, ones, true));
    }

    private static int OutputCount(PoolingShape shape) => shape.Batch * shape.Channels * (int)shape.OutputPlane;

    private static PoolingShape RandomShape(Random random)
    {
        SpatialAxis depth = random.Next(4) == 0 ? PoolingAxis(random, 4) : SpatialAxis.Single;
        SpatialAxis height = random.Next(4) == 0 ? SpatialAxis.Single : PoolingAxis(random, 12);
        return new PoolingShape(random.Next(1, 3), random.Next(1, 4), depth, height, PoolingAxis(random, 45));
    }

    /// <summary>An axis whose padding is smaller than its window, with the output rounded up half of the time.</summary>
    private static SpatialAxis PoolingAxis(Random random, int largest)
    {
        while (true)
        {
            SpatialAxis axis = RandomAxis(random, false, largest);
            int reach = ((axis.Kernel - 1) * axis.Dilation) + 1;
            if (axis.PadBegin >= axis.Kernel || axis.PadEnd >= axis.Kernel)
            {
                continue;
            }

            int rounded = ConvolutionAxis.CeilingDivide(axis.Input + axis.PadBegin + axis.PadEnd - reach, axis.Stride) + 1;
            bool startsInside = (rounded - 1) * axis.Stride < axis.Input + axis.PadBegin;
            return random.Next(2) == 0 && startsInside ? axis with { Output = rounded } : axis;
        }
    }

    private static float[] RandomInput(Random random, PoolingShape shape)
    {
        var input = new float[shape.Batch * shape.Channels * (int)shape.InputPlane];
        for (int index = 0; index < input.Length; index++)
        {
            input[index] = (float)((random.NextDouble() * 2) - 1);
        }

        return input;
    }

    private static void CheckWidth<V>(PoolingShape shape, float[] input)
        where V : struct, IVector<V>
    {
        float[] maxima = Run<V, MaximumPooling>(shape, input, false, 1);
        float[] means = Run<V, AveragePooling>(shape, input, false, 1);
        float[] paddedMeans = Run<V, AveragePooling>(shape, input, true, 1);
        Assert.Equal(maxima, Run<V, MaximumPooling>(shape, input, false, 3));
        Assert.Equal(means, Run<V, AveragePooling>(shape, input, false, 3));
        var indices = new long[maxima.Length];
        Assert.Equal(maxima, RunMax(shape, input, 1, indices));
        int kernel = shape.Depth.Kernel * shape.Height.Kernel * shape.Width.Kernel;
        double tolerance = (kernel + 2) * Math.ScaleB(1, -24);
        for (int element = 0; element < maxima.Length; element++)
        {
            PoolingReference expected = PoolingReference.Window(shape, input, element);
            Assert.Equal(expected.Maximum, maxima[element]);
            Assert.Equal(expected.Index, indices[element]);
            Assert.InRange(means[element] - expected.Mean, -tolerance, tolerance);
            Assert.InRange(paddedMeans[element] - expected.PaddedMean, -tolerance, tolerance);
        }
    }

    private static float[] Run<V, TReduction>(PoolingShape shape, float[] input, bool includePadding, int threads)
        where V : struct, IVector<V>
        where TReduction : struct, IPoolingReduction
    {
        using var source = new ConvolutionMemory<float>(input.Length, threads == 1);
        using var bias = new ConvolutionMemory<float>(shape.Channels, threads == 1);
        using var output = new ConvolutionMemory<float>(OutputCount(shape), threads == 1);
        input.CopyTo(source.Span);
        bias.Span.Clear();
        output.Span.Clear();
        Workers workers = ConvolutionCase.PoisonedWorkers(threads);
        var work = new PoolingWork<V, TReduction, ConvolutionTestEpilogue>(
            workers, shape, includePadding, source.Pointer, output.Pointer, new ConvolutionTestEpilogue(bias.Pointer, output.Pointer));
        workers.Run(ref work, threads);
        return output.Span.ToArray();
    }

    private static float[] RunMax(PoolingShape shape, float[] input, int threads, long[]? indices)
    {
        var output = new float[OutputCount(shape)];
        fixed (float* x = input, y = output)
        {
            fixed (long* i = indices)
            {
                if (indices is null)
                {
                    Pooling.Max(new Workers(threads), shape, x, y, default(NoChannelEpilogue));
                }
                else
                {
                    Pooling.MaxWithIndices(new Workers(threads), shape, x, y, i, default(NoChannelEpilogue));
                }
            }
        }

        return output;
    }

    private static float[] RunAverage(PoolingShape shape, float[] input, int threads)
    {
        var output = new float[OutputCount(shape)];
        fixed (float* x = input, y = output)
        {
            Pooling.Average(new Workers(threads), shape, true, x, y, default(NoChannelEpilogue));
        }

        return output;
    }

    private static float[] Average(PoolingShape shape, float[] input, bool includePadding)
    {
        var output = new float[OutputCount(shape)];
        fixed (float* x = input, y = output)
        {
            Pooling.Average(Workers.Serial, shape, includePadding, x, y, default(NoChannelEpilogue));
        }

        return output;
    }
}
