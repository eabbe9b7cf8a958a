using Cameo.Kernels;
using Cameo.Threading;
using Cameo.Vectors;
using Xunit;

namespace Cameo.Tests.Kernels;

public sealed unsafe class ResizeTests
{
    [Theory]
    [InlineData(ResizeCoordinates.HalfPixel)]
    [InlineData(ResizeCoordinates.HalfPixelSymmetric)]
    [InlineData(ResizeCoordinates.PytorchHalfPixel)]
    [InlineData(ResizeCoordinates.AlignCorners)]
    [InlineData(ResizeCoordinates.Asymmetric)]
    [InlineData(ResizeCoordinates.TensorFlowHalfPixel)]
    public void LinearMatchesTheReferenceAtEveryWidthAndNumberOfThreads(ResizeCoordinates coordinates)
    {
        var random = new Random(1);
        for (int round = 0; round < 25; round++)
        {
            (ResizeAxis height, ResizeAxis width) = (RandomAxis(random), RandomAxis(random));
            float[] input = RandomInput(random, 6 * height.Input * width.Input);
            float[] serial = Run<Vector512Float>(height, width, coordinates, default, true, input, 1);
            Assert.Equal(serial, Run<Vector512Float>(height, width, coordinates, default, true, input, 3));
            Assert.Equal(serial, Run<Vector256Float>(height, width, coordinates, default, true, input, 1));
            Assert.Equal(serial, Run<Vector128Float>(height, width, coordinates, default, true, input, 3));
            Assert.Equal(serial, Run<ScalarFloat>(height, width, coordinates, default, true, input, 1));
            for (int element = 0; element < serial.Length; element++)
            {
                (int plane, int y, int x) = Split(element, height, width);
                (double cy, double cx) = (Clamp(Coordinate(height, y, coordinates), height), Clamp(Coordinate(width, x, coordinates), width));
                (int y0, int x0) = ((int)cy, (int)cx);
                (int y1, int x1) = (Math.Min(y0 + 1, height.Input - 1), Math.Min(x0 + 1, width.Input - 1));
                double Value(int row, int column) => input[(((plane * height.Input) + row) * width.Input) + column];
                double expected = ((1 - (cy - y0)) * (((1 - (cx - x0)) * Value(y0, x0)) + ((cx - x0) * Value(y0, x1))))
                    + ((cy - y0) * (((1 - (cx - x0)) * Value(y1, x0)) + ((cx - x0) * Value(y1, x1))));

                // Coordinates below 64 in single precision are wrong by up to 2⁻¹⁷; neighbours differ by up to 2 along each axis.
                Assert.InRange(serial[element] - expected, -5e-5, 5e-5);
            }
        }
    }

    [Theory]
    [InlineData(ResizeCoordinates.HalfPixel, ResizeRounding.RoundPreferFloor)]
    [InlineData(ResizeCoordinates.HalfPixel, ResizeRounding.RoundPreferCeiling)]
    [InlineData(ResizeCoordinates.Asymmetric, ResizeRounding.Floor)]
    [InlineData(ResizeCoordinates.Asymmetric, ResizeRounding.Ceiling)]
    [InlineData(ResizeCoordinates.AlignCorners, ResizeRounding.RoundPreferFloor)]
    public void NearestCopiesTheElementThatTheRoundingChooses(ResizeCoordinates coordinates, ResizeRounding rounding)
    {
        var random = new Random(2);
        foreach (int factor in (int[])[1, 2, 4])
        {
            // Powers of two keep coordinates exact, so that the reference has the same ties.
            var height = new ResizeAxis(5, 5 * factor, factor);
            var width = new ResizeAxis(9, 9 * factor, factor);
            float[] input = RandomInput(random, 6 * height.Input * width.Input);
            float[] output = Run<Vector256Float>(height, width, coordinates, rounding, false, input, 1);
            Assert.Equal(output, Run<Vector512Float>(height, width, coordinates, rounding, false, input, 3));
            Assert.Equal(output, Run<ScalarFloat>(height, width, coordinates, rounding, false, input, 3));
            for (int element = 0; element < output.Length; element++)
            {
                (int plane, int y, int x) = Split(element, height, width);
                int row = Round(Coordinate(height, y, coordinates), rounding, height.Input);
                int column = Round(Coordinate(width, x, coordinates), rounding, width.Input);
                Assert.Equal(input[(((plane * height.Input) + row) * width.Input) + column], output[element]);
            }
        }
    }

    [Fact]
    public void AScaleOfZeroIsRefused() => Assert.Throws<ArgumentException>(() => Resize.Linear(
        Workers.Serial, 1, 1, new ResizeAxis(2, 2, 0), ResizeAxis.Unchanged(2), ResizeCoordinates.HalfPixel, null, null, default(NoChannelEpilogue)));

    private static ResizeAxis RandomAxis(Random random)
    {
        int input = random.Next(1, 30);
        int output = random.Next(1, 60);
        return random.Next(4) == 0 ? ResizeAxis.Unchanged(input) : new ResizeAxis(input, output, (float)output / input);
    }

    private static float[] RandomInput(Random random, int count)
    {
        var input = new float[count];
        for (int index = 0; index < count; index++)
        {
            input[index] = (float)((random.NextDouble() * 2) - 1);
        }

        return input;
    }

    private static (int Plane, int Y, int X) Split(int element, ResizeAxis height, ResizeAxis width) =>
        (element / (height.Output * width.Output), element / width.Output % height.Output, element % width.Output);

    private static double Clamp(double coordinate, ResizeAxis axis) => Math.Clamp(coordinate, 0, axis.Input - 1);

    private static int Round(double coordinate, ResizeRounding rounding, int input)
    {
        double rounded = rounding switch
        {
            ResizeRounding.RoundPreferFloor => Math.Ceiling(coordinate - 0.5),
            ResizeRounding.RoundPreferCeiling => Math.Floor(coordinate + 0.5),
            ResizeRounding.Floor => Math.Floor(coordinate),
            _ => Math.Ceiling(coordinate),
        };
        return (int)Math.Clamp(rounded, 0, input - 1);
    }

    private static double Coordinate(ResizeAxis axis, int x, ResizeCoordinates coordinates)
    {
        double scale = axis.Scale;
        return coordinates switch
        {
            _ when scale == 1 => x,
            ResizeCoordinates.HalfPixel => ((x + 0.5) / scale) - 0.5,
            ResizeCoordinates.HalfPixelSymmetric =>
                (axis.Input / 2.0 * (1 - (axis.Output / (scale * axis.Input)))) + ((x + 0.5) / scale) - 0.5,
            ResizeCoordinates.PytorchHalfPixel => axis.Output > 1 ? ((x + 0.5) / scale) - 0.5 : 0,
            ResizeCoordinates.AlignCorners => axis.Output > 1 ? x * (axis.Input - 1.0) / (axis.Output - 1) : 0,
            ResizeCoordinates.Asymmetric => x / scale,
            _ => (x + 0.5) / scale,
        };
    }

    private static float[] Run<V>(
        ResizeAxis height, ResizeAxis width, ResizeCoordinates coordinates, ResizeRounding rounding, bool linear, float[] input, int threads)
        where V : struct, IVector<V>
    {
        using var source = new ConvolutionMemory<float>(input.Length, threads == 1);
        using var bias = new ConvolutionMemory<float>(3, threads == 1);
        using var output = new ConvolutionMemory<float>(6 * height.Output * width.Output, threads == 1);
        input.CopyTo(source.Span);
        bias.Span.Clear();
        output.Span.Clear();
        var columns = new ResizeSample[width.Output];
        for (int x = 0; x < columns.Length; x++)
        {
            columns[x] = linear ? ResizeSample.Linear(width, x, coordinates) : ResizeSample.Nearest(width, x, coordinates, rounding);
        }

        fixed (ResizeSample* samples = columns)
        {
            Workers workers = ConvolutionCase.PoisonedWorkers(threads);
            var work = new ResizeWork<V, ConvolutionTestEpilogue>(
                workers,
                2,
                3,
                height,
                width,
                coordinates,
                rounding,
                linear,
                samples,
                source.Pointer,
                output.Pointer,
                new ConvolutionTestEpilogue(bias.Pointer, output.Pointer));
            workers.Run(ref work, threads);
        }

        return output.Span.ToArray();
    }
}
