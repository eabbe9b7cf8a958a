using Cameo.Benchmarks.Peers;
using Cameo.Kernels;
using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Benchmarks;

/// <summary>float32 matrix products against ONNX Runtime and the machine's limits.</summary>
internal static unsafe class MatrixMultiplyComparison
{
    private const int Rounds = 101;
    private static readonly int[] ThreadCounts = [1, 2];

    public static void Run()
    {
        Console.WriteLine($"{Environment.ProcessorCount} processors, {VectorWidth.Bits}-bit vectors, ONNX Runtime {OnnxRuntimePackage.Version}; {Rounds} interleaved rounds, each figure as median / fastest round");
        Console.WriteLine();
        Console.WriteLine("| work | threads | Cameo | ONNX Runtime | Cameo / ONNX Runtime | limit | share of limit |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (int threads in ThreadCounts)
        {
            Product(1024, 1024, 1024, threads);
            Product(128, 3072, 768, threads);
        }

        foreach (int threads in ThreadCounts)
        {
            MatrixVector(8192, 2048, threads);
        }
    }

    private static void Product(int m, int n, int k, int threads)
    {
        using NativeBuffer a = new NativeBuffer(m * k).Fill(1);
        using NativeBuffer b = new NativeBuffer(k * n).Fill(2);
        using var packed = new NativeBuffer(MatrixMultiply.PackedLength(n, k));
        using var ours = new NativeBuffer(m * n);
        using var theirs = new NativeBuffer(m * n);
        Pack(b.Pointer, packed.Pointer, n, k);

        using var session = new OnnxRuntimeSession(OnnxModelWriter.MatMul(m, n, k, b.Span), threads);
        session.BindInput(0, a.Pointer, [m, k]);
        session.BindOutput(0, theirs.Pointer, [m, n]);
        var workers = new Workers(threads);
        void multiply() => MatrixMultiply.Packed(workers, a.Pointer, k, packed.Pointer, ours.Pointer, n, m, n, k, default(NoEpilogue));
        multiply();
        session.RunBound();
        Compare(ours, theirs, k);

        // As long as the shorter product, so that other work on the machine interrupts both alike.
        var peak = new MultiplyAddPeak { Steps = 20_000_000 / VectorWidth.Lanes };

        Timing[] timings = InterleavedRounds.Measure(
            Rounds,
            new("Cameo", _ => multiply()),
            new("ONNX Runtime", _ => session.RunBound()),
            new("peak", _ => workers.Run(ref peak, threads)));
        double operations = 2.0 * m * n * k / 1e9;

        // The peak's run as it would be, had it as many operations as the product.
        double scale = operations / (2 * peak.MultiplyAdds * threads / 1e9);
        var limit = new Timing(timings[2].Median * scale, timings[2].Fastest * scale);
        Console.WriteLine(
            $"| MatMul {m}×{k}×{n} | {threads} | {timings[0].Rate(operations)} GFLOP/s | {timings[1].Rate(operations)} GFLOP/s | {timings[0].Ratio(timings[1])} | {limit.Rate(operations)} GFLOP/s | {timings[0].Share(limit)} |");
    }

    /// <summary>Matrices in turn, so many that none is still in a cache when its turn comes again.</summary>
    private static void MatrixVector(int n, int k, int threads)
    {
        const int matrices = 10;
        nint length = MatrixMultiply.PackedLength(n, k);
        using NativeBuffer weights = new NativeBuffer(matrices * length).Fill(3);
        using NativeBuffer a = new NativeBuffer(k).Fill(4);
        using var ours = new NativeBuffer(n);
        var workers = new Workers(threads);
        int next = 0;
        var read = new ReadBandwidth();

        // A turn reads one matrix, and each contestant goes on where the other stopped.
        nint offset() => next++ % matrices * length;
        void readAll(ReadOrder order)
        {
            read = new ReadBandwidth { Data = weights.Pointer + offset(), Length = length, Order = order };
            workers.Run(ref read, threads);
        }

        Timing[] timings = InterleavedRounds.Measure(
            Rounds,
            new("Cameo", _ => MatrixMultiply.Packed(workers, a.Pointer, k, weights.Pointer + offset(), ours.Pointer, n, 1, n, k, default(NoEpilogue))),
            new("sequential", _ => readAll(ReadOrder.Sequential)),
            new("fetching", _ => readAll(ReadOrder.Fetching)),
            new("four streams", _ => readAll(ReadOrder.FourStreams)));
        double gigabytes = length * sizeof(float) / 1e9;
        Timing limit = timings.Skip(1).MinBy(timing => timing.Median);
        Console.WriteLine(
            $"| GEMV {k}×{n}, {matrices * gigabytes * 1e9 / (1 << 20):F0} MiB in turn | {threads} | {timings[0].Rate(gigabytes)} GB/s | | | {limit.Rate(gigabytes)} GB/s | {timings[0].Share(limit)} |");
    }

    private static void Pack(float* b, float* packed, int n, int k)
    {
        for (int column = 0; column < n; column++)
        {
            float* panel = packed + ((long)column / MatrixMultiply.PanelColumns * MatrixMultiply.PanelColumns * k);
            for (int row = 0; row < k; row++)
            {
                panel[(row * MatrixMultiply.PanelColumns) + (column % MatrixMultiply.PanelColumns)] = b[((long)row * n) + column];
            }
        }
    }

    /// <summary>Both sum the same k products in different orders: each is off by at most k units of the last place of the largest sum.</summary>
    private static void Compare(NativeBuffer ours, NativeBuffer theirs, int k)
    {
        for (nint index = 0; index < ours.Length; index++)
        {
            if (!(Math.Abs(ours.Pointer[index] - theirs.Pointer[index]) <= k * 1.2e-7f * Math.Sqrt(k)))
            {
                throw new InvalidOperationException($"Element {index}: {ours.Pointer[index]:R} here, {theirs.Pointer[index]:R} in ONNX Runtime.");
            }
        }
    }
}
