using Cameo.Kernels;
using Cameo.Tests.Infrastructure;
using Cameo.Threading;
using Xunit;

namespace Cameo.Tests.Kernels.Quantized;

/// <summary>Products of activations quantised on the fly: against the same quantisation in double closely, and against unquantised activations within what rounding them may cost.</summary>
[Trait("Widths", "all")]
public sealed unsafe class DynamicProductTests
{
    private static readonly int[] RowCounts = [1, 2, 3, 4, 7, 8, 21];
    private static readonly int[] BlockSizes = [8, 16, 24, 32, 64, 96, 128, 256, 1 << 20];

    [Fact]
    public void UInt4MatchesQuantizedActivations()
    {
        foreach (int blockSize in BlockSizes)
        {
            foreach (ZeroPointKind zeroPoints in Enum.GetValues<ZeroPointKind>())
            {
                foreach ((int n, int k) in new[] { (1, 1), (33, 7), (31, 64), (70, 777) })
                {
                    using NarrowTestMatrix weights = NarrowTestMatrix.UInt4(k, n, blockSize, zeroPoints, halfScales: (blockSize / 8 % 2) == 0, n + k);
                    Check<UInt4Format>(weights, blockSize, $"block {blockSize}, zero points {zeroPoints}");
                }
            }
        }
    }

    [Fact]
    public void Int8MatchesQuantizedActivations()
    {
        foreach (int blockSize in BlockSizes)
        {
            foreach (ZeroPointKind zeroPoints in Enum.GetValues<ZeroPointKind>())
            {
                foreach ((int n, int k) in new[] { (1, 1), (33, 7), (70, 777) })
                {
                    using NarrowTestMatrix weights = NarrowTestMatrix.Int8(k, n, blockSize, zeroPoints, halfScales: (blockSize / 8 % 2) == 0, n + k);
                    Check<Int8Format>(weights, blockSize, $"block {blockSize}, zero points {zeroPoints}");
                }
            }
        }
    }

    [Fact]
    public void LargestNumbersDoNotSaturate()
    {
        const int n = 32, k = 64;
        foreach (int m in new[] { 1, 2, 4, 8 })
        {
            foreach (float activation in new[] { 1f, -1f })
            {
                using NarrowTestMatrix weights = NarrowTestMatrix.UInt4(k, n, 32, ZeroPointKind.None, halfScales: false, 3);
                new Span<uint>(weights.Matrix.Words, k / 8 * n).Fill(uint.MaxValue);
                new Span<float>(weights.Matrix.Scales, 2 * n).Fill(1);
                float[] a = [.. Enumerable.Repeat(activation, m * k)];
                var c = new float[m * n];
                fixed (float* left = a, output = c)
                {
                    NarrowMatrixMultiply.PackedDynamic<UInt4Format, float, float, NoEpilogue>(Workers.Serial, left, k, weights.Matrix, output, n, m, default);
                }

                Assert.All(c, sum => Assert.Equal(activation * 7 * k, sum, 1e-3f));
            }
        }
    }

    [Fact]
    public void NaNAndInfinityAreNotRoundedAway()
    {
        const int n = 40, k = 70;
        using NarrowTestMatrix weights = NarrowTestMatrix.UInt4(k, n, 32, ZeroPointKind.None, halfScales: false, 3);
        using GuardedFloats a = new GuardedFloats(3 * k).Fill(1);
        a.Pointer[k + 40] = float.NaN;
        a.Pointer[(2 * k) + 69] = float.PositiveInfinity;
        var c = new float[3 * n];
        fixed (float* output = c)
        {
            NarrowMatrixMultiply.PackedDynamic<UInt4Format, float, float, NoEpilogue>(Workers.Serial, a.Pointer, k, weights.Matrix, output, n, 3, default);
        }

        Assert.All(c[..n], sum => Assert.True(float.IsFinite(sum)));
        Assert.All(c[n..], sum => Assert.False(float.IsFinite(sum)));
    }

    [Theory]
    [InlineData(1, 600, 900)]
    [InlineData(3, 600, 900)]
    [InlineData(160, 130, 600)]
    public void ThreadsGiveTheSameBits(int m, int n, int k)
    {
        using NarrowTestMatrix weights = NarrowTestMatrix.UInt4(k, n, 32, ZeroPointKind.Bytes, halfScales: false, 5);
        using NarrowTestMatrix bytes = NarrowTestMatrix.Int8(k, n, 32, ZeroPointKind.Bytes, halfScales: false, 5);
        float[] serial = Multiply<UInt4Format>(weights, 32, m, Workers.Serial, "serial"), serialBytes = Multiply<Int8Format>(bytes, 32, m, Workers.Serial, "serial");
        foreach (int threads in new[] { 2, 3, 7 })
        {
            Assert.True(Multiply<UInt4Format>(weights, 32, m, new Workers(threads), "threads").AsSpan().SequenceEqual(serial), $"{threads} threads");
            Assert.True(Multiply<Int8Format>(bytes, 32, m, new Workers(threads), "threads").AsSpan().SequenceEqual(serialBytes), $"{threads} threads");
        }
    }

    [Fact]
    public void RunsAllocateNothing()
    {
        const int n = 70, k = 300;
        using NarrowTestMatrix weights = NarrowTestMatrix.UInt4(k, n, 32, ZeroPointKind.None, halfScales: false, 3);
        using NarrowTestMatrix bytes = NarrowTestMatrix.Int8(k, n, 32, ZeroPointKind.None, halfScales: false, 3);
        using GuardedFloats a = new GuardedFloats(20 * k).Fill(1);
        using var c = new GuardedFloats(20 * n);
        var workers = new Workers(2);
        void Run()
        {
            NarrowMatrixMultiply.PackedDynamic<UInt4Format, float, float, NoEpilogue>(workers, a.Pointer, k, weights.Matrix, c.Pointer, n, 20, default);
            NarrowMatrixMultiply.PackedDynamic<Int8Format, float, float, NoEpilogue>(workers, a.Pointer, k, bytes.Matrix, c.Pointer, n, 1, default);
        }

        Run();
        Run();
        Assert.Equal(0, ThreadAllocations.Measure(Run));
    }

    private static void Check<TFormat>(NarrowTestMatrix weights, int blockSize, string what)
        where TFormat : struct, INarrowFormat
    {
        foreach (int m in RowCounts)
        {
            Multiply<TFormat>(weights, blockSize, m, Workers.Serial, what);
        }
    }

    private static float[] Multiply<TFormat>(NarrowTestMatrix weights, int blockSize, int m, Workers workers, string what)
        where TFormat : struct, INarrowFormat
    {
        int n = weights.Columns, k = weights.Depth, lda = k + 3, ldc = n + 5;
        using GuardedFloats a = new GuardedFloats(((m - 1) * lda) + k).Fill(m);
        using GuardedFloats bias = new GuardedFloats(n).Fill(k);
        using var c = new GuardedFloats(((m - 1) * ldc) + n);

        // A block of zeros has no scale.
        new Span<float>(a.Pointer, Math.Min(k, 40)).Clear();
        NarrowMatrixMultiply.PackedDynamic<TFormat, float, float, BiasEpilogue>(workers, a.Pointer, lda, weights.Matrix, c.Pointer, ldc, m, new(bias.Pointer));
        var quantized = new double[k];
        var errors = new double[k];
        for (int row = 0; row < m; row++)
        {
            Quantize(new ReadOnlySpan<float>(a.Pointer + (row * lda), k), weights.Blocks == 1 ? 32 : Math.Min(blockSize & -blockSize, 32), quantized, errors);
            for (int column = 0; column < ldc && (row * ldc) + column < c.Length; column++)
            {
                float actual = c.Pointer[(row * ldc) + column];
                string where = $"{what}, {m}×{k}×{n} at {row}, {column}";
                if (column >= n)
                {
                    Assert.True(float.IsNaN(actual), $"{where}: wrote between rows");
                    continue;
                }

                double sum = bias.Pointer[column] + row, exact = sum, rounding = 0;
                for (int depth = 0; depth < k; depth++)
                {
                    sum += quantized[depth] * weights.Values[depth, column];
                    exact += a.Pointer[(row * lda) + depth] * weights.Values[depth, column];
                    rounding += errors[depth] * Math.Abs(weights.Values[depth, column]);
                }

                double bound = 1.2e-7 * (((Math.Sqrt(k) + 3) * (Math.Sqrt(k) + 1) * weights.Magnitude) + row + 2);
                Assert.True(Math.Abs(sum - actual) <= bound, $"{where}: {actual:R} instead of {sum:R}, bound {bound:G3}");
                Assert.True(Math.Abs(exact - actual) <= bound + rounding, $"{where}: {actual:R} is too far from {exact:R}");
            }
        }

        return c.Span.ToArray();
    }

    /// <summary>Each block as multiples of a quantum, its largest size / 127 rounded up to a multiple of the row's largest / 127 / 32767; the error is at most half of one.</summary>
    private static void Quantize(ReadOnlySpan<float> row, int blockLength, double[] quantized, double[] errors)
    {
        float range = Math.Max(Largest(row), 1e-30f), unit = range / (127 * 32767);
        for (int begin = 0; begin < row.Length; begin += blockLength)
        {
            ReadOnlySpan<float> block = row.Slice(begin, Math.Min(blockLength, row.Length - begin));
            float multiplier = Math.Min(MathF.Ceiling(Largest(block) * (32767 / range)), 32767);
            float inverse = multiplier == 0 ? 0 : 1 / (multiplier * unit);
            for (int index = 0; index < block.Length; index++)
            {
                quantized[begin + index] = (double)MathF.Round(block[index] * inverse) * multiplier * unit;
                errors[begin + index] = (double)multiplier * unit * 0.50001;
            }

            // Not much coarser than a scale of the block alone would be.
            Assert.True((double)multiplier * unit <= (Largest(block) / 127d * 1.00001) + unit);
        }
    }

    private static float Largest(ReadOnlySpan<float> elements)
    {
        float largest = 0;
        foreach (float element in elements)
        {
            largest = Math.Max(largest, Math.Abs(element));
        }

        return largest;
    }
}
