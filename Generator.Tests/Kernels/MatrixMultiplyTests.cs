using Cameo.Kernels;
using Cameo.Tests.Infrastructure;
using Cameo.Threading;
using Xunit;

namespace Cameo.Tests.Kernels;

/// <summary>Matrix products against sums in double, with all operands ending at unmapped pages.</summary>
[Trait("Widths", "all")]
public sealed unsafe class MatrixMultiplyTests
{
    private static readonly int[] Sizes = [1, 2, 3, 5, 7, 8, 9, 12, 13, 15, 16, 17, 24, 31, 32, 33, 63, 64, 65];

    public static TheoryData<int, int, int> LargerShapes => new()
    {
        { 1, 1000, 4097 }, { 1, 65, 513 }, { 2, 333, 1025 }, { 12, 96, 1200 }, { 13, 96, 1200 }, { 145, 70, 600 }, { 300, 33, 513 },
        { 288, 32, 512 }, { 289, 129, 1025 }, { 1000, 10, 64 }, { 640, 320, 1 }, { 150, 2000, 3 },
    };

    [Fact]
    public void PackedMatchesDoubleForAllSmallSizes()
    {
        foreach (int m in Sizes)
        {
            foreach (int n in Sizes)
            {
                foreach (int k in new[] { 0, 1, 2, 7, 16, 33 })
                {
                    CheckPacked(m, n, k, Workers.Serial);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(LargerShapes))]
    public void PackedMatchesDoubleAndThreadsGiveTheSameBits(int m, int n, int k)
    {
        float[] serial = CheckPacked(m, n, k, Workers.Serial);
        foreach (int threads in new[] { 2, 3, 4, 7 })
        {
            Assert.True(CheckPacked(m, n, k, new Workers(threads)).AsSpan().SequenceEqual(serial), $"{threads} threads");
        }
    }

    [Theory]
    [MemberData(nameof(LargerShapes))]
    public void BatchedMatchesDoubleAndThreadsGiveTheSameBits(int m, int n, int k)
    {
        foreach (bool transposedB in new[] { false, true })
        {
            var operands = new BatchCase(m, n, k) { TransposedB = transposedB };
            float[] serial = operands.Check(Workers.Serial);
            Assert.True(operands.Check(new Workers(3)).AsSpan().SequenceEqual(serial));
        }
    }

    [Fact]
    public void BatchedMatchesDoubleForAllLayouts()
    {
        foreach ((int m, int n, int k) in new[] { (1, 1, 1), (1, 33, 5), (3, 32, 17), (13, 64, 9), (33, 7, 40), (2, 31, 0), (5, 100, 64) })
        {
            for (int layout = 0; layout < 16; layout++)
            {
                new BatchCase(m, n, k)
                {
                    TransposedA = (layout & 1) != 0,
                    TransposedB = (layout & 2) != 0,
                    SharedB = (layout & 4) != 0,
                    SharedA = (layout & 8) != 0,
                    Outer = 2,
                    Inner = 3,
                }.Check(Workers.Serial);
            }
        }
    }

    [Fact]
    public void SumsArePropagatedAsIeeeSays()
    {
        // One infinity times zero, one overflow, one NaN: each must reach exactly its row and column.
        const int m = 14, n = 40, k = 20;
        using GuardedFloats a = new GuardedFloats(m * k).Fill(1);
        using GuardedFloats b = new GuardedFloats(k * n).Fill(2);
        a.Pointer[(3 * k) + 4] = float.NaN;
        a.Pointer[(5 * k) + 6] = float.PositiveInfinity;
        b.Pointer[(6 * n) + 7] = 0;
        b.Pointer[(8 * n) + 9] = float.NegativeInfinity;
        using GuardedFloats packed = Pack(b, n, k);
        using var c = new GuardedFloats(m * n);
        MatrixMultiply.Packed(Workers.Serial, a.Pointer, k, packed.Pointer, c.Pointer, n, m, n, k, default(NoEpilogue));
        for (int row = 0; row < m; row++)
        {
            for (int column = 0; column < n; column++)
            {
                float expected = 0;
                for (int depth = 0; depth < k; depth++)
                {
                    expected += a.Pointer[(row * k) + depth] * b.Pointer[(depth * n) + column];
                }

                float actual = c.Pointer[(row * n) + column];
                Assert.Equal(float.IsNaN(expected), float.IsNaN(actual));
                Assert.True(float.IsFinite(expected) || expected.Equals(actual));
            }
        }
    }

    [Fact]
    public void RunsAllocateNothing()
    {
        const int m = 30, n = 70, k = 300;
        using GuardedFloats a = new GuardedFloats(m * k).Fill(1);
        using GuardedFloats b = new GuardedFloats(k * n).Fill(2);
        using GuardedFloats packed = Pack(b, n, k);
        using var c = new GuardedFloats(m * n);
        var workers = new Workers(2);
        void Run()
        {
            MatrixMultiply.Packed(workers, a.Pointer, k, packed.Pointer, c.Pointer, n, m, n, k, default(NoEpilogue));
            MatrixMultiply.Packed(workers, a.Pointer, k, packed.Pointer, c.Pointer, n, 1, n, k, default(NoEpilogue));
        }

        Run();
        Run();
        Assert.Equal(0, ThreadAllocations.Measure(Run));
    }

    private static float[] CheckPacked(int m, int n, int k, Workers workers)
    {
        int lda = k + 3;
        int ldc = n + 5;
        using GuardedFloats a = new GuardedFloats(Math.Max(((m - 1) * lda) + k, 0)).Fill(m);
        using GuardedFloats b = new GuardedFloats(k * n).Fill(n);
        using GuardedFloats bias = new GuardedFloats(n).Fill(k);
        using GuardedFloats packed = Pack(b, n, k);
        using var c = new GuardedFloats(((m - 1) * ldc) + n);
        MatrixMultiply.Packed(workers, a.Pointer, lda, packed.Pointer, c.Pointer, ldc, m, n, k, new BiasEpilogue(bias.Pointer));
        for (int row = 0; row < m; row++)
        {
            for (int column = 0; column < ldc && (row * ldc) + column < c.Length; column++)
            {
                float actual = c.Pointer[(row * ldc) + column];
                if (column >= n)
                {
                    Assert.True(float.IsNaN(actual), $"{m}×{k}×{n}: wrote between rows at {row}, {column}");
                    continue;
                }

                double sum = 0;
                for (int depth = 0; depth < k; depth++)
                {
                    sum += (double)a.Pointer[(row * lda) + depth] * b.Pointer[(depth * n) + column];
                }

                AssertClose(sum + bias.Pointer[column] + row, actual, k, row, $"{m}×{k}×{n} at {row}, {column}");
            }
        }

        return c.Span.ToArray();
    }

    /// <summary>Each of k + 2 additions rounds a sum whose size is below k + row + 1: half a unit of the last place each.</summary>
    private static void AssertClose(double expected, float actual, int k, int row, string where)
    {
        double bound = (Math.Sqrt(k) + 3) * (Math.Sqrt(k) + row + 2) * 1.2e-7;
        Assert.True(Math.Abs(expected - actual) <= bound, $"{where}: {actual:R} instead of {expected:R}");
    }

    private static GuardedFloats Pack(GuardedFloats b, int n, int k)
    {
        var packed = new GuardedFloats(MatrixMultiply.PackedLength(n, k));
        packed.Span.Clear();
        for (int row = 0; row < k; row++)
        {
            for (int column = 0; column < n; column++)
            {
                packed.Pointer[((((column / 32) * k) + row) * 32) + (column % 32)] = b.Pointer[(row * n) + column];
            }
        }

        return packed;
    }

    private sealed class BatchCase(int m, int n, int k)
    {
        public int Outer { get; init; } = 1;

        public int Inner { get; init; } = 1;

        public bool TransposedA { get; init; }

        public bool TransposedB { get; init; }

        public bool SharedA { get; init; }

        public bool SharedB { get; init; }

        public float[] Check(Workers workers)
        {
            int matricesA = SharedA ? Inner : Outer * Inner;
            int matricesB = SharedB ? 1 : Outer * Inner;
            using GuardedFloats a = new GuardedFloats(matricesA * m * k).Fill(m);
            using GuardedFloats b = new GuardedFloats(matricesB * k * n).Fill(n);
            using GuardedFloats bias = new GuardedFloats(n).Fill(k);
            using var c = new GuardedFloats(Outer * Inner * m * n);
            var operands = new BatchedOperands
            {
                A = a.Pointer,
                B = b.Pointer,
                C = c.Pointer,
                Rows = m,
                Columns = n,
                Depth = k,
                RowStrideA = TransposedA ? 1 : k,
                ColumnStrideA = TransposedA ? m : 1,
                RowStrideB = TransposedB ? 1 : n,
                ColumnStrideB = TransposedB ? k : 1,
                RowStrideC = n,
                Batch1 = new(Outer, SharedA ? 0 : Inner * m * k, SharedB ? 0 : Inner * k * n, Inner * m * n),
                Batch2 = new(Inner, m * k, SharedB ? 0 : k * n, m * n),
            };
            MatrixMultiply.Batched(workers, operands, new BiasEpilogue(bias.Pointer));
            for (int batch = 0; batch < Outer * Inner; batch++)
            {
                CheckMatrix(operands, a.Pointer + (batch % matricesA * m * k), b.Pointer + (batch % matricesB * k * n), c.Pointer + (batch * m * n), bias, batch);
            }

            return c.Span.ToArray();
        }

        private void CheckMatrix(in BatchedOperands operands, float* a, float* b, float* c, GuardedFloats bias, int batch)
        {
            for (int row = 0; row < m; row++)
            {
                for (int column = 0; column < n; column++)
                {
                    double sum = 0;
                    for (int depth = 0; depth < k; depth++)
                    {
                        float left = a[(row * operands.RowStrideA) + (depth * operands.ColumnStrideA)];
                        float right = b[(depth * operands.RowStrideB) + (column * operands.ColumnStrideB)];
                        sum += (double)left * right;
                    }

                    int outputRow = (batch * m) + row;
                    string where = $"{m}×{k}×{n} batch {batch} at {row}, {column}, transposed {TransposedA} {TransposedB}, shared {SharedA} {SharedB}";
                    AssertClose(sum + bias.Pointer[column] + outputRow, c[(row * n) + column], k, outputRow, where);
                }
            }
        }
    }
}
