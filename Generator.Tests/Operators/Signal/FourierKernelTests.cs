using System.Numerics;
using Cameo.Kernels;
using Cameo.Threading;
using Xunit;

namespace Cameo.Tests.Operators.Signal;

/// <summary>Transforms against sums that are written as the definition has them.</summary>
public sealed unsafe class FourierKernelTests
{
    /// <summary>Powers of two, products of 2, 3 and 5, primes and their multiples.</summary>
    public static TheoryData<int> Lengths => [.. Enumerable.Range(1, 40), 45, 49, 60, 64, 77, 97, 120, 125, 128, 211, 243, 256, 360, 400, 500, 509, 1000, 1024];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void TransformsAreTheSumsOfTheirDefinition(int length)
    {
        Complex[] signal = Signal(length, 7);
        foreach (bool isInverse in (bool[])[false, true])
        {
            double[] actual = Run(Parts(signal), 1, length, 1, 2, length, isInverse, false, length, 2, new Workers(1));
            Complex[] expected = Definition(signal, length, isInverse);
            double scale = isInverse ? 1.0 / length : 1;
            for (int index = 0; index < length; index++)
            {
                double error = Complex.Abs(new Complex(actual[2 * index], actual[(2 * index) + 1]) - expected[index]);
                Assert.True(error <= 1e-14 * length * scale * 4, $"length {length}, inverse {isInverse}, element {index}: error {error}");
            }
        }
    }

    /// <summary>The transform of a real signal, its first half transformed back; shorter and longer than the input.</summary>
    [Theory]
    [InlineData(8, 8)]
    [InlineData(9, 9)]
    [InlineData(8, 5)]
    [InlineData(7, 14)]
    public void HalfASpectrumGivesTheSignalBack(int size, int length)
    {
        double[] signal = [.. Signal(size, 3).Select(static number => number.Real)];
        int bins = (length / 2) + 1;
        double[] spectrum = Run(signal, 1, size, 1, 1, length, false, false, bins, 2, new Workers(1));
        double[] actual = Run(spectrum, 1, bins, 1, 2, length, true, true, length, 1, new Workers(1));
        Assert.Equal([.. Enumerable.Range(0, length).Select(index => index < size ? signal[index] : 0)], actual, static (expected, other) => Math.Abs(expected - other) < 1e-14);
    }

    [Fact]
    public void AnAxisInTheMiddleIsTransformedForEachPlaceBehindIt()
    {
        const int Outer = 3, Size = 6, Inner = 5;
        Complex[] numbers = Signal(Outer * Size * Inner, 11);
        double[] actual = Run(Parts(numbers), Outer, Size, Inner, 2, Size, false, false, Size, 2, new Workers(1));
        for (int row = 0; row < Outer * Inner; row++)
        {
            int start = (row / Inner * Size * Inner) + (row % Inner);
            Complex[] expected = Definition([.. Enumerable.Range(0, Size).Select(index => numbers[start + (index * Inner)])], Size, false);
            for (int index = 0; index < Size; index++)
            {
                int place = 2 * (start + (index * Inner));
                Assert.Equal(expected[index].Real, actual[place], 1e-13);
                Assert.Equal(expected[index].Imaginary, actual[place + 1], 1e-13);
            }
        }
    }

    [Theory]
    [InlineData(240)]
    [InlineData(241)]
    public void ThreadsDoNotChangeBits(int length)
    {
        double[] input = Parts(Signal(64 * length, 5));
        Assert.Equal(
            Run(input, 64, length, 1, 2, length, false, false, length, 2, new Workers(1)),
            Run(input, 64, length, 1, 2, length, false, false, length, 2, new Workers(3)));
    }

    [Fact]
    public void ALengthThatCannotBeIsRefusedWithTheOperator()
    {
        double number = 0;
        double* address = &number;
        ArgumentException error = Assert.Throws<ArgumentException>(() => Fourier.Transform(new Workers(1), address, 1, 1, 1, 1, 0, false, false, 0, 2, address, "DFT 'node'"));
        Assert.Contains("DFT 'node'", error.Message);
    }

    private static Complex[] Signal(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => new Complex((random.NextDouble() * 2) - 1, (random.NextDouble() * 2) - 1))];
    }

    private static double[] Parts(Complex[] numbers) => [.. numbers.SelectMany(static number => new[] { number.Real, number.Imaginary })];

    private static Complex[] Definition(Complex[] signal, int length, bool isInverse)
    {
        double sign = isInverse ? 2 : -2;
        return [.. Enumerable.Range(0, length).Select(bin => Enumerable.Range(0, length).Aggregate(Complex.Zero, (sum, index) =>
        {
            (double sine, double cosine) = double.SinCosPi(sign * ((long)bin * index % length) / length);
            return sum + (signal[index] * new Complex(cosine, sine));
        }) / (isInverse ? length : 1))];
    }

    private static double[] Run(double[] input, int outer, int size, int inner, int components, int length, bool isInverse, bool isMirrored, int count, int resultComponents, Workers workers)
    {
        var output = new double[outer * count * inner * resultComponents];
        fixed (double* from = input, to = output)
        {
            Fourier.Transform(workers, from, outer, size, inner, components, length, isInverse, isMirrored, count, resultComponents, to, "DFT");
        }

        return output;
    }
}
