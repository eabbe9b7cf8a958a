using Cameo.Benchmarks.Peers;
using Cameo.Kernels;
using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Benchmarks;

/// <summary>float32 matrix products against ONNX Runtime and the machine's limits.</summary>
internal static unsafe class MatrixMultiplyComparison
{
    private const int Rounds = 31;
    private static readonly int[] ThreadCounts = [1, 2];

    public static void Run()
    {
        Console.WriteLine($"{Environment.ProcessorCount} processors, {VectorWidth.Bits}-bit vectors, ONNX Runtime {OnnxRuntimePackage.Version}; medians of {Rounds} interleaved rounds");
        Console.WriteLine();
        Console.WriteLine("| work | threads | Cameo | ONNX Runtime | Cameo / ONNX Runtime | limit | share of limit |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (int threads in ThreadCounts)
        {
            Product(1024, 1024, 1024, threads, unitsPerRound: 4);
            Product(128, 3072, 768, threads, unitsPerRound: 12);
        }

        foreach (int threads in ThreadCounts)
        {
            MatrixVector(8192, 2048, threads);
        }
    }

    private static void Product(int m, int n, int k, int threads, int unitsPerRound)
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
        var peak = new MultiplyAddPeak { Steps = 4_000_000 / VectorWidth.Lanes };

        double[] seconds = InterleavedRounds.Measure(
            Rounds,
            unitsPerRound,
            new("Cameo", _ => MatrixMultiply.Packed(workers, a.Pointer, k, packed.Pointer, ours.Pointer, n, m, n, k, default(NoEpilogue))),
            new("ONNX Runtime", _ => session.RunBound()),
            new("peak", _ => workers.Run(ref peak, threads)));
        Compare(ours, theirs, k);
        double operations = 2.0 * m * n * k / 1e9;
        double limit = 2 * peak.MultiplyAdds * threads / seconds[2] / 1e9;
        Console.WriteLine(
            $"| MatMul {m}×{k}×{n} | {threads} | {operations / seconds[0]:F1} GFLOP/s | {operations / seconds[1]:F1} GFLOP/s | {seconds[1] / seconds[0]:F2}× | {limit:F1} GFLOP/s | {operations / seconds[0] / limit:P1} |");
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

        // One unit reads one matrix, and each contestant goes on where the other stopped.
        nint offset() => next++ % matrices * length;
        void readAll(ReadOrder order)
        {
            read = new ReadBandwidth { Data = weights.Pointer + offset(), Length = length, Order = order };
            workers.Run(ref read, threads);
        }

        double[] seconds = InterleavedRounds.Measure(
            Rounds,
            matrices,
            new("Cameo", _ => MatrixMultiply.Packed(workers, a.Pointer, k, weights.Pointer + offset(), ours.Pointer, n, 1, n, k, default(NoEpilogue))),
            new("sequential", _ => readAll(ReadOrder.Sequential)),
            new("fetching", _ => readAll(ReadOrder.Fetching)),
            new("four streams", _ => readAll(ReadOrder.FourStreams)));
        double gigabytes = length * sizeof(float) / 1e9;
        double limit = seconds.Skip(1).Min();
        Console.WriteLine(
            $"| GEMV {k}×{n}, {matrices * gigabytes * 1e9 / (1 << 20):F0} MiB in turn | {threads} | {gigabytes / seconds[0]:F1} GB/s | | | {gigabytes / limit:F1} GB/s | {limit / seconds[0]:P1} |");
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
