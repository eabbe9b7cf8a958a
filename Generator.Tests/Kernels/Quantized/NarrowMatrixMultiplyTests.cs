using Cameo.Kernels;
using Cameo.Tests.Infrastructure;
using Cameo.Threading;
using Cameo.Vectors;
using Xunit;

namespace Cameo.Tests.Kernels.Quantized;

/// <summary>Products of float32 activations with narrow weights against sums in double, with all operands ending at unmapped pages.</summary>
[Trait("Widths", "all")]
public sealed unsafe class NarrowMatrixMultiplyTests
{
    /// <summary>Rows of 16-bit numbers are widened exactly: the product has the bits of the product of the same rows as float32.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(29)]
    [InlineData(160)]
    public void RowsOfHalvesGiveTheBitsOfTheSameRowsAsFloats(int m)
    {
        const int n = 70, k = 333;
        using NarrowTestMatrix weights = NarrowTestMatrix.UInt4(k, n, 32, ZeroPointKind.Bytes, halfScales: false, 9);
        using NarrowTestMatrix bytes = NarrowTestMatrix.Int8(k, n, 32, ZeroPointKind.None, halfScales: false, 9);
        CheckRows<Half>(m, weights.Matrix, bytes.Matrix, static value => (Half)value, static value => (float)value);
        CheckRows<BFloat16>(m, weights.Matrix, bytes.Matrix, static value => (BFloat16)value, static value => (float)value);
    }

    private static void CheckRows<TLeft>(int m, in NarrowMatrix weights, in NarrowMatrix bytes, Func<float, TLeft> narrow, Func<TLeft, float> widen)
        where TLeft : unmanaged
    {
        int n = (int)weights.Columns, k = (int)weights.Depth, lda = k + 3;
        using GuardedFloats numbers = new GuardedFloats(((m - 1) * lda) + k).Fill(m);
        using var narrowed = new GuardedBuffer<TLeft>(numbers.Length);
        for (int index = 0; index < numbers.Length; index++)
        {
            narrowed.Pointer[index] = narrow(numbers.Pointer[index]);
            numbers.Pointer[index] = widen(narrowed.Pointer[index]);
        }

        float[] expected = new float[m * n], actual = new float[m * n];
        foreach (bool dynamic in new[] { false, true })
        {
            fixed (float* wide = expected, c = actual)
            {
                Multiply<UInt4Format, float>(dynamic, numbers.Pointer, lda, weights, wide, m);
                Multiply<UInt4Format, TLeft>(dynamic, narrowed.Pointer, lda, weights, c, m);
                Assert.Equal(expected, actual);
                Multiply<Int8Format, float>(dynamic, numbers.Pointer, lda, bytes, wide, m);
                Multiply<Int8Format, TLeft>(dynamic, narrowed.Pointer, lda, bytes, c, m);
                Assert.Equal(expected, actual);
            }
        }

        static void Multiply<TFormat, TRows>(bool dynamic, TRows* a, int lda, in NarrowMatrix matrix, float* c, int m)
            where TFormat : struct, INarrowFormat
            where TRows : unmanaged
        {
            if (dynamic)
            {
                NarrowMatrixMultiply.PackedDynamic<TFormat, TRows, float, NoEpilogue>(Workers.Serial, a, lda, matrix, c, matrix.Columns, m, default);
            }
            else
            {
                NarrowMatrixMultiply.Packed<TFormat, TRows, float, NoEpilogue>(Workers.Serial, a, lda, matrix, c, matrix.Columns, m, default);
            }
        }
    }

    private static readonly int[] RowCounts = [1, 2, 3, 4, 5, 13];
    private static readonly int[] BlockSizes = [8, 16, 32, 40, 128, 256, 264, 512, 1 << 20];

    [Fact]
    public void UInt4MatchesDoubleForAllBlocksAndZeroPoints()
    {
        foreach (int blockSize in BlockSizes)
        {
            foreach (ZeroPointKind zeroPoints in Enum.GetValues<ZeroPointKind>())
            {
                foreach ((int n, int k) in new[] { (1, 1), (33, 7), (31, 64), (32, 100), (70, 777) })
                {
                    using NarrowTestMatrix weights = NarrowTestMatrix.UInt4(k, n, blockSize, zeroPoints, halfScales: (blockSize / 8 % 2) == 0, n + k);
                    Check<UInt4Format>(weights, $"block {blockSize}, zero points {zeroPoints}");
                }
            }
        }
    }

    [Fact]
    public void Int8MatchesDoubleForAllBlocksAndZeroPoints()
    {
        foreach (int blockSize in BlockSizes)
        {
            foreach (ZeroPointKind zeroPoints in Enum.GetValues<ZeroPointKind>())
            {
                foreach ((int n, int k) in new[] { (1, 1), (33, 7), (32, 100), (70, 777) })
                {
                    using NarrowTestMatrix weights = NarrowTestMatrix.Int8(k, n, blockSize, zeroPoints, halfScales: (blockSize / 8 % 2) == 0, n + k);
                    Check<Int8Format>(weights, $"block {blockSize}, zero points {zeroPoints}");
                }
            }
        }
    }

    [Fact]
    public void SixteenBitWeightsMatchDouble()
    {
        foreach ((int n, int k) in new[] { (1, 1), (33, 7), (31, 64), (32, 100), (70, 777) })
        {
            using NarrowTestMatrix half = NarrowTestMatrix.Half(k, n, n + k);
            Check<HalfFormat>(half, "half");
            using NarrowTestMatrix bfloat16 = NarrowTestMatrix.BFloat16(k, n, n + k);
            Check<BFloat16Format>(bfloat16, "bfloat16");
        }
    }

    [Theory]
    [InlineData(1, 600, 900)]
    [InlineData(3, 600, 900)]
    [InlineData(160, 130, 600)]
    public void ThreadsGiveTheSameBits(int m, int n, int k)
    {
        using NarrowTestMatrix weights = NarrowTestMatrix.UInt4(k, n, 32, ZeroPointKind.Bytes, halfScales: false, 5);
        float[] serial = Multiply<UInt4Format>(weights, m, Workers.Serial, "serial");
        foreach (int threads in new[] { 2, 3, 7 })
        {
            Assert.True(Multiply<UInt4Format>(weights, m, new Workers(threads), "threads").AsSpan().SequenceEqual(serial), $"{threads} threads");
        }
    }

    [Fact]
    public void InfinityAndNaNInHalfWeightsReachTheirColumnOnly()
    {
        foreach (int m in new[] { 1, 4, 9 })
        {
            const int n = 40, k = 6;
            using NarrowTestMatrix weights = NarrowTestMatrix.Half(k, n, 1);
            weights.Matrix.Words[(2 * 32) + 5] = 0x7C00_0000;
            weights.Matrix.Words[(1 * 32) + 7] = 0x0000_FE00;
            weights.Matrix.Words[(3 * 32) + (1 * 32) + 1] = 0xFC00_0000;
            float[] a = [.. Enumerable.Repeat(1f, m * k)];
            var c = new float[m * n];
            fixed (float* left = a, output = c)
            {
                NarrowMatrixMultiply.Packed<HalfFormat, float, float, NoEpilogue>(Workers.Serial, left, k, weights.Matrix, output, n, m, default);
            }

            for (int index = 0; index < c.Length; index++)
            {
                Assert.Equal(index % n == 5, float.IsPositiveInfinity(c[index]));
                Assert.Equal(index % n == 7, float.IsNaN(c[index]));
                Assert.Equal(index % n == 33, float.IsNegativeInfinity(c[index]));
            }
        }
    }

    /// <summary>One row of float16 weights moves bits instead of converting: every finite number must come out as it is, whatever the size of activations.</summary>
    [Theory]
    [Trait("Widths", "all")]
    [InlineData(1f)]
    [InlineData(1e-12f)]
    [InlineData(-65504f)]
    [InlineData(4.2e9f)]
    [InlineData(4.4e9f)]
    [InlineData(3e30f)]
    public void EveryHalfWeightMeetsAnActivationOfAnySize(float activation)
    {
        const int n = 32, depth = 2 * 1024;
        using NarrowTestMatrix weights = NarrowTestMatrix.Half(depth, n, 1);
        for (int index = 0; index < depth / 2 * n; index++)
        {
            // All 65,536 numbers but infinities and NaN: row k, column c holds number 32 k + c.
            int low = (index / n * 2 * n) + (index % n), high = low + n;
            weights.Matrix.Words[index] = Finite(low) | (Finite(high) << 16);
        }

        for (int k = 0; k < depth; k += 61)
        {
            var a = new float[depth];
            a[k] = activation;
            var c = new float[n];
            fixed (float* left = a, output = c)
            {
                NarrowMatrixMultiply.Packed<HalfFormat, float, float, NoEpilogue>(Workers.Serial, left, depth, weights.Matrix, output, n, 1, default);
            }

            for (int column = 0; column < n; column++)
            {
                float weight = (float)BitConverter.UInt16BitsToHalf((ushort)Finite((k * n) + column));
                Assert.Equal(weight * activation, c[column]);
            }
        }

        static uint Finite(int number) => (number & 0x7C00) == 0x7C00 ? 0 : (uint)number;
    }

    [Fact]
    public void OutputsAreConvertedToTheirType()
    {
        const int m = 3, n = 37, k = 50;
        using NarrowTestMatrix weights = NarrowTestMatrix.UInt4(k, n, 16, ZeroPointKind.None, halfScales: false, 3);
        using GuardedFloats a = new GuardedFloats(m * k).Fill(4);
        using GuardedBuffer<float> floats = new(m * n);
        using GuardedBuffer<Half> halves = new(m * n);
        using GuardedBuffer<BFloat16> bfloats = new(m * n);
        NarrowMatrixMultiply.Packed<UInt4Format, float, float, NoEpilogue>(Workers.Serial, a.Pointer, k, weights.Matrix, floats.Pointer, n, m, default);
        NarrowMatrixMultiply.Packed<UInt4Format, float, Half, NoEpilogue>(Workers.Serial, a.Pointer, k, weights.Matrix, halves.Pointer, n, m, default);
        NarrowMatrixMultiply.Packed<UInt4Format, float, BFloat16, NoEpilogue>(Workers.Serial, a.Pointer, k, weights.Matrix, bfloats.Pointer, n, m, default);
        for (int index = 0; index < m * n; index++)
        {
            Assert.Equal((Half)floats.Pointer[index], halves.Pointer[index]);
            Assert.Equal((BFloat16)floats.Pointer[index], bfloats.Pointer[index]);
        }
    }

    [Fact]
    public void RunsAllocateNothing()
    {
        using NarrowTestMatrix weights = NarrowTestMatrix.UInt4(300, 70, 32, ZeroPointKind.None, halfScales: false, 3);
        using GuardedFloats a = new GuardedFloats(20 * 300).Fill(1);
        using var c = new GuardedFloats(20 * 70);
        var workers = new Workers(2);
        void Run()
        {
            NarrowMatrixMultiply.Packed<UInt4Format, float, float, NoEpilogue>(workers, a.Pointer, 300, weights.Matrix, c.Pointer, 70, 20, default);
            NarrowMatrixMultiply.Packed<UInt4Format, float, float, NoEpilogue>(workers, a.Pointer, 300, weights.Matrix, c.Pointer, 70, 1, default);
        }

        Run();
        Run();
        Assert.Equal(0, ThreadAllocations.Measure(Run));
    }

    [Fact]
    public void InconsistentMatricesAreRefused()
    {
        using NarrowTestMatrix weights = NarrowTestMatrix.UInt4(64, 32, 32, ZeroPointKind.None, halfScales: false, 3);
        NarrowMatrix odd = weights.Matrix with { BlockSize = 12 };
        NarrowMatrix bare = weights.Matrix with { Scales = null };
        Assert.Throws<ArgumentException>(() => NarrowMatrixMultiply.Packed<UInt4Format, float, float, NoEpilogue>(Workers.Serial, null, 64, odd, null, 32, 1, default));
        Assert.Throws<ArgumentException>(() => NarrowMatrixMultiply.Packed<UInt4Format, float, float, NoEpilogue>(Workers.Serial, null, 64, bare, null, 32, 1, default));
    }

    private static void Check<TFormat>(NarrowTestMatrix weights, string what)
        where TFormat : struct, INarrowFormat
    {
        foreach (int m in RowCounts)
        {
            Multiply<TFormat>(weights, m, Workers.Serial, what);
        }
    }

    private static float[] Multiply<TFormat>(NarrowTestMatrix weights, int m, Workers workers, string what)
        where TFormat : struct, INarrowFormat
    {
        int n = weights.Columns, k = weights.Depth, lda = k + 3, ldc = n + 5;
        using GuardedFloats a = new GuardedFloats(((m - 1) * lda) + k).Fill(m);
        using GuardedFloats bias = new GuardedFloats(n).Fill(k);
        using var c = new GuardedFloats(((m - 1) * ldc) + n);
        NarrowMatrixMultiply.Packed<TFormat, float, float, BiasEpilogue>(workers, a.Pointer, lda, weights.Matrix, c.Pointer, ldc, m, new(bias.Pointer));
        for (int row = 0; row < m; row++)
        {
            for (int column = 0; column < ldc && (row * ldc) + column < c.Length; column++)
            {
                float actual = c.Pointer[(row * ldc) + column];
                if (column >= n)
                {
                    Assert.True(float.IsNaN(actual), $"{what}, {m}×{k}×{n}: wrote between rows at {row}, {column}");
                    continue;
                }

                double sum = 0;
                for (int depth = 0; depth < k; depth++)
                {
                    sum += a.Pointer[(row * lda) + depth] * weights.Values[depth, column];
                }

                // Each of k + 3 operations rounds a sum whose size is about √k + 1 of the largest products, before zero points are taken off: half a unit of the last place each.
                double expected = sum + bias.Pointer[column] + row;
                double bound = 1.2e-7 * (((Math.Sqrt(k) + 3) * (Math.Sqrt(k) + 1) * weights.Magnitude) + row + 2);
                Assert.True(Math.Abs(expected - actual) <= bound, $"{what}, {m}×{k}×{n} at {row}, {column}: {actual:R} instead of {expected:R}, bound {bound:G3}");
            }
        }

        return c.Span.ToArray();
    }
}
