using Cameo.Kernels;
using Cameo.Tests.Infrastructure;
using Cameo.Threading;
using Cameo.Vectors;
using Xunit;

namespace Cameo.Tests.Kernels.Quantized;

/// <summary>Products of 8-bit integers, which must be exact, with all operands ending at unmapped pages.</summary>
[Trait("Widths", "all")]
public sealed unsafe class IntegerMatrixMultiplyTests
{
    private static readonly int[] RowCounts = [1, 2, 3, 4, 7, 8, 9, 21];
    private static readonly (int N, int K)[] Sizes = [(1, 1), (5, 3), (33, 7), (31, 64), (32, 100), (70, 777)];

    /// <summary>Where the zero points of the left operand are.</summary>
    public enum LeftZeroPoints
    {
        None,
        Shared,
        Rows,
    }

    [Theory]
    [InlineData(LeftZeroPoints.None, false)]
    [InlineData(LeftZeroPoints.None, true)]
    [InlineData(LeftZeroPoints.Shared, false)]
    [InlineData(LeftZeroPoints.Shared, true)]
    [InlineData(LeftZeroPoints.Rows, true)]
    public void SumsAreExact(LeftZeroPoints zeroPoints, bool weightZeroPoints)
    {
        foreach ((int n, int k) in Sizes)
        {
            foreach (int m in RowCounts)
            {
                using var unsigned = new Case<byte>(m, n, k, zeroPoints, weightZeroPoints, value => (byte)(value + 128));
                unsigned.Check(Workers.Serial);
                using var signed = new Case<sbyte>(m, n, k, zeroPoints, weightZeroPoints, value => (sbyte)value);
                signed.Check(Workers.Serial);
            }
        }
    }

    [Fact]
    public void RowsOfBytesGiveTheSameSums()
    {
        foreach ((int n, int k) in Sizes)
        {
            foreach (int m in RowCounts)
            {
                using var unsigned = new Case<byte>(m, n, k, LeftZeroPoints.Rows, true, value => (byte)(value + 128)) { AsBytes = true };
                unsigned.Check(Workers.Serial);
                using var signed = new Case<sbyte>(m, n, k, LeftZeroPoints.Shared, true, value => (sbyte)value) { AsBytes = true };
                signed.Check(Workers.Serial);
            }
        }
    }

    [Fact]
    public void LargestNumbersDoNotSaturate()
    {
        foreach (int m in new[] { 1, 2, 4, 8 })
        {
            using var high = new Case<byte>(m, 40, 4096, LeftZeroPoints.None, false, value => 255) { Weight = -128 };
            high.Check(Workers.Serial);
            using var low = new Case<sbyte>(m, 40, 4096, LeftZeroPoints.None, false, value => -128) { Weight = -128 };
            low.Check(Workers.Serial);
        }
    }

    [Theory]
    [InlineData(1, 600, 900)]
    [InlineData(3, 600, 900)]
    [InlineData(160, 130, 600)]
    public void ThreadsGiveTheSameSums(int m, int n, int k)
    {
        using var product = new Case<byte>(m, n, k, LeftZeroPoints.Shared, true, value => (byte)(value + 128));
        foreach (int threads in new[] { 2, 3, 7 })
        {
            product.Check(new Workers(threads));
        }
    }

    [Fact]
    public void EpilogueSeesSumsAsFloatsAndOutputsAreConverted()
    {
        const int m = 5, n = 45, k = 100;
        using var product = new Case<byte>(m, n, k, LeftZeroPoints.Shared, true, value => (byte)(value + 128));
        int[] sums = product.Check(Workers.Serial);
        var epilogue = new RequantizeEpilogue(1f / 1000, 100);
        using GuardedBuffer<byte> bytes = new(m * n);
        product.Multiply(Workers.Serial, bytes.Pointer, n, epilogue);
        using GuardedBuffer<float> bias = new(n);
        using GuardedBuffer<float> floats = new(m * n);
        product.Multiply(Workers.Serial, floats.Pointer, n, new BiasEpilogue(bias.Pointer));
        for (int index = 0; index < m * n; index++)
        {
            Assert.Equal(epilogue.Expect(sums[index]), bytes.Pointer[index]);
            Assert.Equal((float)sums[index] + (index / n), floats.Pointer[index]);
        }
    }

    [Fact]
    public void RightOperandsPackedAtRunTimeAreThoseOfTheDescription()
    {
        const int n = 37, k = 10;
        var random = new Random(1);
        byte[] elements = new byte[n * k];
        random.NextBytes(elements);
        using GuardedBuffer<byte> b = GuardedBuffer<byte>.Of(elements);
        using GuardedBuffer<uint> words = new(2 * 3 * 32), transposed = new(2 * 3 * 32);
        using GuardedBuffer<int> sums = new(64);
        IntegerMatrixMultiply.PackRight(b.Pointer, n, 1, k, n, words.Pointer, sums.Pointer);
        for (int column = 0; column < n; column++)
        {
            int sum = 0;
            for (int depth = 0; depth < k; depth++)
            {
                uint word = words.Pointer[(((column / 32 * 3) + (depth / 4)) * 32) + (column % 32)];
                int expected = elements[(depth * n) + column] - 128;
                Assert.Equal(expected, (sbyte)(word >> (8 * (depth % 4))));
                sum += expected;
            }

            Assert.Equal(sum, sums.Pointer[column]);
        }

        // The same matrix from its transpose.
        var turned = new byte[n * k];
        for (int index = 0; index < n * k; index++)
        {
            turned[(index % n * k) + (index / n)] = elements[index];
        }

        fixed (byte* columns = turned)
        {
            IntegerMatrixMultiply.PackRight(columns, 1, k, k, n, transposed.Pointer, sums.Pointer);
        }

        Assert.True(words.Span.SequenceEqual(transposed.Span));
    }

    [Fact]
    public void RunsAllocateNothing()
    {
        using var product = new Case<byte>(20, 70, 300, LeftZeroPoints.Shared, true, value => (byte)(value + 128));
        using GuardedBuffer<int> c = new(20 * 70);
        var workers = new Workers(2);
        void Run() => product.Multiply(workers, c.Pointer, 70, default(NoEpilogue));
        Run();
        Run();
        Assert.Equal(0, ThreadAllocations.Measure(Run));
    }

    private sealed class Case<TLeft> : IDisposable
        where TLeft : unmanaged
    {
        private const int Width = NarrowMatrix.PanelColumns;
        private readonly int _m;
        private readonly int _n;
        private readonly int _k;
        private readonly LeftZeroPoints _kind;
        private readonly GuardedBuffer<TLeft> _a;
        private readonly GuardedBuffer<TLeft> _zeroPoints;
        private readonly GuardedBuffer<uint> _words;
        private readonly GuardedBuffer<int> _sums;
        private readonly GuardedBuffer<sbyte>? _weightZeroPoints;
        private readonly int[,] _weights;
        private int? _weight;

        public Case(int m, int n, int k, LeftZeroPoints zeroPoints, bool weightZeroPoints, Func<int, TLeft> convert)
        {
            (_m, _n, _k, _kind) = (m, n, k, zeroPoints);
            var random = new Random(m + n + k);
            _a = new(((m - 1) * (k + 3)) + k);
            foreach (ref TLeft element in _a.Span)
            {
                element = convert(random.Next(-128, 128));
            }

            _zeroPoints = new(zeroPoints == LeftZeroPoints.Rows ? m : 1);
            foreach (ref TLeft element in _zeroPoints.Span)
            {
                element = convert(random.Next(-128, 128));
            }

            int columns = (n + Width - 1) / Width * Width;
            _words = new(columns * ((k + 3) / 4));
            _sums = new(columns);
            _weightZeroPoints = weightZeroPoints ? new(columns) : null;
            _weights = new int[k, n];
            for (int column = 0; column < n; column++)
            {
                for (int depth = 0; depth < k; depth++)
                {
                    _weights[depth, column] = random.Next(-128, 128);
                }

                if (weightZeroPoints)
                {
                    _weightZeroPoints!.Pointer[column] = (sbyte)random.Next(-128, 128);
                }
            }

            Pack();
        }

        /// <summary>Runs the path of processors with a dot product of bytes, in scalar code.</summary>
        public bool AsBytes { get; init; }

        /// <summary>All weights.</summary>
        public int Weight
        {
            get => _weight ?? 0;
            init
            {
                _weight = value;
                for (int index = 0; index < _k * _n; index++)
                {
                    _weights[index / _n, index % _n] = value;
                }

                Pack();
            }
        }

        public int[] Check(Workers workers)
        {
            int ldc = _n + 5;
            using GuardedBuffer<int> c = new(((_m - 1) * ldc) + _n);
            c.Span.Fill(-1);
            Multiply(workers, c.Pointer, ldc, default(NoEpilogue));
            var result = new int[_m * _n];
            for (int row = 0; row < _m; row++)
            {
                int zero = _kind == LeftZeroPoints.None ? 0 : Convert.ToInt32(_zeroPoints.Pointer[_kind == LeftZeroPoints.Rows ? row : 0]);
                for (int column = 0; column < ldc && (row * ldc) + column < c.Length; column++)
                {
                    if (column >= _n)
                    {
                        Assert.Equal(-1, c.Pointer[(row * ldc) + column]);
                        continue;
                    }

                    int sum = 0;
                    int weightZero = _weightZeroPoints is null ? 0 : _weightZeroPoints.Pointer[column];
                    for (int depth = 0; depth < _k; depth++)
                    {
                        sum += (Convert.ToInt32(_a.Pointer[(row * (_k + 3)) + depth]) - zero) * (_weights[depth, column] - weightZero);
                    }

                    Assert.True(sum == c.Pointer[(row * ldc) + column], $"{_m}×{_k}×{_n} at {row}, {column}: {c.Pointer[(row * ldc) + column]} instead of {sum}");
                    result[(row * _n) + column] = sum;
                }
            }

            return result;
        }

        public void Multiply<TOutput, TEpilogue>(Workers workers, TOutput* c, int ldc, TEpilogue epilogue)
            where TOutput : unmanaged
            where TEpilogue : struct, IEpilogue
        {
            var matrix = new IntegerMatrix
            {
                Words = _words.Pointer,
                ColumnSums = _sums.Pointer,
                ZeroPoints = _weightZeroPoints is null ? null : _weightZeroPoints.Pointer,
                Depth = _k,
                Columns = _n,
            };
            TLeft* zeroPoints = _kind == LeftZeroPoints.None ? null : _zeroPoints.Pointer;
            nint stride = _kind == LeftZeroPoints.Rows ? 1 : 0;
            if (!AsBytes)
            {
                IntegerMatrixMultiply.Packed(workers, _a.Pointer, _k + 3, zeroPoints, stride, matrix, c, ldc, _m, epilogue);
                return;
            }

            var work = new IntegerProductWork<TLeft, TOutput, TEpilogue>
            {
                Workers = workers,
                Partition = MatrixPartition.Create(1, 1, _m, _n, _k),
                A = _a.Pointer,
                StrideA = _k + 3,
                ZeroPointsA = zeroPoints,
                ZeroPointStride = stride,
                Matrix = matrix,
                C = c,
                StrideC = ldc,
                Rows = _m,
                Epilogue = epilogue,
            };
            var items = new ItemQueue(work.Partition.Items, 1);
            work.Run<ScalarFloat, ByteProduct>(0, ref items);
        }

        public void Dispose()
        {
            _a.Dispose();
            _zeroPoints.Dispose();
            _words.Dispose();
            _sums.Dispose();
            _weightZeroPoints?.Dispose();
        }

        private void Pack()
        {
            _words.Span.Clear();
            int groups = (_k + 3) / 4;
            for (int column = 0; column < _n; column++)
            {
                for (int depth = 0; depth < _k; depth++)
                {
                    _words.Pointer[(((column / Width * groups) + (depth / 4)) * Width) + (column % Width)] |= (uint)(byte)_weights[depth, column] << (8 * (depth % 4));
                }
            }

            IntegerMatrixMultiply.ColumnSums(_words.Pointer, 1, _n, _k, Width, _sums.Pointer);
        }
    }
}
