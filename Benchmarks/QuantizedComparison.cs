using Cameo.Kernels;
using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Benchmarks;

/// <summary>Products with weights of 4, 8 and 16 bits as shares of the machine's limits: read bandwidth for one row, multiply-adds in registers for many.</summary>
internal static unsafe class QuantizedComparison
{
    private const int Rounds = 41;
    private const int Depth = 2048;
    private const int Columns = 8192;
    private const int BlockSize = 32;

    // More than the caches by far, so that none of it is still in one when its turn comes again.
    private const long RotatedBytes = 384L << 20;

    private static readonly int[] ThreadCounts = [1, 2];

    private static string[] s_filter = [];

    /// <summary>Measures what has all of <paramref name="filter"/> in its name.</summary>
    public static void Run(string[] filter)
    {
        s_filter = filter;
        Console.WriteLine($"{Environment.ProcessorCount} processors, {VectorWidth.Bits}-bit vectors; {Rounds} interleaved rounds, each figure as median / fastest round");
        Console.WriteLine();
        Console.WriteLine("| work | threads | speed | bytes read | limit | share of limit |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: |");
        foreach (int threads in ThreadCounts)
        {
            foreach (int rows in new[] { 1, 4 })
            {
                MatrixVector<UInt4Format>("int4, float32 activations", rows, threads, dynamic: false, halfScales: false);
                MatrixVector<UInt4Format>("int4, int8 activations", rows, threads, dynamic: true, halfScales: false);
                MatrixVector<UInt4Format>("int4, float16 scales, int8 activations", rows, threads, dynamic: true, halfScales: true);
                MatrixVector<Int8Format>("int8, float32 activations", rows, threads, dynamic: false, halfScales: false);
                MatrixVector<Int8Format>("int8, int8 activations", rows, threads, dynamic: true, halfScales: false);
                MatrixVector<HalfFormat>("float16", rows, threads, dynamic: false, halfScales: false);
                MatrixVector<BFloat16Format>("bfloat16", rows, threads, dynamic: false, halfScales: false);
            }

            Integers(1, threads);
        }

        foreach (int threads in ThreadCounts)
        {
            Product<UInt4Format>("int4, float32 activations", threads, dynamic: false);
            Product<UInt4Format>("int4, int8 activations", threads, dynamic: true);
            Product<Int8Format>("int8, float32 activations", threads, dynamic: false);
            Product<Int8Format>("int8, int8 activations", threads, dynamic: true);
            Product<HalfFormat>("float16", threads, dynamic: false);
            Product<BFloat16Format>("bfloat16", threads, dynamic: false);
            Integers(128, threads);
        }
    }

    private static void MatrixVector<TFormat>(string name, int rows, int threads, bool dynamic, bool halfScales)
        where TFormat : struct, INarrowFormat
    {
        string title = $"GEMV {rows}×{Depth}×{Columns} {name}";
        if (!IsWanted(title))
        {
            return;
        }

        using var weights = new NarrowBenchmarkWeights<TFormat>(Depth, Columns, BlockSize, RotatedBytes, halfScales);
        using NativeBuffer a = new NativeBuffer(rows * Depth).Fill(4);
        using var c = new NativeBuffer(rows * Columns);
        var workers = new Workers(threads);
        int next = 0;
        Timing[] timings = InterleavedRounds.Measure(
            Rounds,
            [
                new(name, _ => Multiply(workers, a.Pointer, weights[next++], c.Pointer, rows, dynamic)),
                .. ReadBandwidthContestants.Of(workers, threads, weights.Words, weights.MatrixBytes),
            ]);
        Report(title, threads, timings[0], (double)rows * Depth * Columns, weights.MatrixBytes, timings.Skip(1).MinBy(timing => timing.Median));
    }

    private static void Product<TFormat>(string name, int threads, bool dynamic)
        where TFormat : struct, INarrowFormat
    {
        const int rows = 128;
        string title = $"GEMM {rows}×{Depth}×{Columns / 4} {name}";
        if (!IsWanted(title))
        {
            return;
        }

        using var weights = new NarrowBenchmarkWeights<TFormat>(Depth, Columns / 4, BlockSize, 1, halfScales: false);
        using NativeBuffer a = new NativeBuffer(rows * Depth).Fill(4);
        using var c = new NativeBuffer(rows * Columns / 4);
        var workers = new Workers(threads);
        double work = (double)rows * Depth * Columns / 4;
        bool isByte = typeof(TFormat) == typeof(Int8Format);
        MultiplyAddKind kind = !dynamic ? MultiplyAddKind.Floats : isByte ? MultiplyAddKind.Shorts : MultiplyAddKind.Bytes;
        CompareWithPeak(title, threads, workers, work, kind, () => Multiply(workers, a.Pointer, weights[0], c.Pointer, rows, dynamic));
    }

    private static void Integers(int rows, int threads)
    {
        int columns = rows == 1 ? Columns : Columns / 4;
        string title = $"{(rows == 1 ? "GEMV" : "GEMM")} {rows}×{Depth}×{columns} uint8 × int8";
        if (!IsWanted(title))
        {
            return;
        }

        using var weights = new NarrowBenchmarkWeights<Int8Format>(Depth, columns, BlockSize, rows == 1 ? RotatedBytes : 1, halfScales: false);
        using NativeBuffer a = new NativeBuffer(rows * Depth / 4).Fill(4);
        using var c = new NativeBuffer(rows * columns);
        using var sums = new NativeBuffer(columns);
        byte zeroPoint = 128;
        byte* zeroPointAddress = &zeroPoint;
        var workers = new Workers(threads);
        int next = 0;
        void multiply()
        {
            var matrix = new IntegerMatrix { Words = weights[next++].Words, ColumnSums = (int*)sums.Pointer, Depth = Depth, Columns = columns };
            IntegerMatrixMultiply.Packed(workers, (byte*)a.Pointer, Depth, zeroPointAddress, 0, matrix, c.Pointer, columns, rows, default(NoEpilogue));
        }

        double work = (double)rows * Depth * columns;
        if (rows > 1)
        {
            MultiplyAddKind kind = ByteProduct.IsSupported ? MultiplyAddKind.Bytes : MultiplyAddKind.Shorts;
            CompareWithPeak(title, threads, workers, work, kind, multiply);
            return;
        }

        Timing[] timings = InterleavedRounds.Measure(
            Rounds, [new("integers", _ => multiply()), .. ReadBandwidthContestants.Of(workers, threads, weights.Words, (long)Depth * columns)]);
        Report(title, threads, timings[0], work, (long)Depth * columns, timings.Skip(1).MinBy(timing => timing.Median));
    }

    private static void CompareWithPeak(string name, int threads, Workers workers, double work, MultiplyAddKind kind, Action multiply)
    {
        var peak = new NarrowMultiplyAddPeak { Kind = kind, Steps = 100_000 };
        Timing[] timings = InterleavedRounds.Measure(Rounds, new(name, _ => multiply()), new("peak", _ => workers.Run(ref peak, threads)));

        // The peak's run as it would be, had it as many multiply-adds as the product.
        double scale = work / (peak.MultiplyAdds * threads);
        var limit = new Timing(timings[1].Median * scale, timings[1].Fastest * scale);
        Console.WriteLine($"| {name} | {threads} | {timings[0].Rate(work / 1e9)} GMAC/s | | {limit.Rate(work / 1e9)} GMAC/s | {timings[0].Share(limit)} |");
    }

    private static bool IsWanted(string title) => s_filter.All(part => title.Contains(part, StringComparison.Ordinal));

    private static void Report(string name, int threads, Timing timing, double work, long bytes, Timing limit) => Console.WriteLine(
        $"| {name} | {threads} | {timing.Rate(work / 1e9)} GMAC/s | {timing.Rate(bytes / 1e9)} GB/s | {limit.Rate(bytes / 1e9)} GB/s | {timing.Share(limit)} |");

    private static void Multiply<TFormat>(Workers workers, float* a, in NarrowMatrix weights, float* c, int rows, bool dynamic)
        where TFormat : struct, INarrowFormat
    {
        if (dynamic)
        {
            NarrowMatrixMultiply.PackedDynamic<TFormat, float, float, NoEpilogue>(workers, a, Depth, weights, c, weights.Columns, rows, default);
        }
        else
        {
            NarrowMatrixMultiply.Packed<TFormat, float, float, NoEpilogue>(workers, a, Depth, weights, c, weights.Columns, rows, default);
        }
    }

    private static void Multiply<TFormat>(Workers workers, float* a, NarrowBenchmarkMatrix<TFormat> weights, float* c, int rows, bool dynamic)
        where TFormat : struct, INarrowFormat => Multiply<TFormat>(workers, a, weights.Matrix, c, rows, dynamic);
}
