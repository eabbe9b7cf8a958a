using Cameo.Benchmarks.Models;
using Cameo.Benchmarks.Peers;
using Cameo.Kernels;
using Cameo.Sessions;
using Cameo.Tests.Models;
using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Benchmarks;

/// <summary>float32 matrix products against ONNX Runtime and the machine's limits.</summary>
internal static unsafe class MatrixMultiplyComparison
{
    private const int Rounds = 41;

    // A turn repeats short products until they take about as long as the scheduler lets a thread run undisturbed.
    private const double TurnSeconds = 0.004;
    private static readonly int[] ThreadCounts = [1, 2];

    /// <summary>Measures the main products, or all whose names contain one of the arguments.</summary>
    public static void Run(string[] names)
    {
        Console.WriteLine($"{Environment.ProcessorCount} processors, {VectorWidth.Bits}-bit vectors, ONNX Runtime {OnnxRuntimePackage.Version}; {Rounds} interleaved rounds, each figure as median / fastest round");
        Console.WriteLine();
        Console.WriteLine("| work | threads | Cameo | ONNX Runtime | Cameo / ONNX Runtime | limit | share of limit |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
        bool isWanted(string name) => names.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase));
        MatrixWork[] works = names.Length == 0 ? MatrixWork.Main : [.. MatrixWork.Main.Concat(MatrixWork.Others).Where(work => isWanted(work.Name))];
        foreach (MatrixWork work in works)
        {
            Product(work);
        }

        foreach (int threads in ThreadCounts.Where(_ => names.Length == 0 || isWanted("GEMV")))
        {
            MatrixVector(8192, 2048, threads);
        }
    }

    private static void Product(MatrixWork work)
    {
        using NativeBuffer left = Buffer(work.Left, 1), right = Buffer(work.Right, 2);
        byte[] onnx = OnnxModelWriter.MatMul(work, right.Span);
        string folder = BenchmarkFolder.Get(Path.Combine("products", work.Name), folder => File.WriteAllBytes(Path.Combine(folder, "product.onnx"), onnx));
        using CompiledModel model = OnnxCompiler.Build(Path.Combine(folder, "product.onnx")).Load();
        foreach (int threads in ThreadCounts)
        {
            Product(work, model, onnx, left, right, threads);
        }
    }

    private static void Product(MatrixWork work, CompiledModel model, byte[] onnx, NativeBuffer left, NativeBuffer right, int threads)
    {
        using NativeBuffer output = Buffer(work.Output, 3);
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
        var inputs = new Dictionary<string, Tensor> { ["x"] = Tensor.Create(left.Span.ToArray(), work.Left), ["w"] = Tensor.Create(right.Span.ToArray(), work.Right) };
        using var ours = new BoundRun(session, inputs);
        using var theirs = new OnnxRuntimeSession(onnx, threads);
        theirs.BindInput(0, left.Pointer, work.Left);
        if (!work.IsConstant)
        {
            theirs.BindInput(1, right.Pointer, work.Right);
        }

        theirs.BindOutput(0, output.Pointer, work.Output);
        ours.Run();
        theirs.RunBound();
        Compare(ours.Output(0).AsSpan<float>(), output.Span, work.Depth);

        double limitSeconds = work.Operations / threads / 100e9;
        int repetitions = Math.Max(1, (int)(TurnSeconds / limitSeconds));
        var workers = new Workers(threads);

        // As long as the products, so that other work on the machine interrupts all alike.
        var peak = new MultiplyAddPeak();
        peak.Steps = (int)(work.Operations * repetitions / threads / (2 * peak.MultiplyAddsPerStep));
        Timing[] timings = InterleavedRounds.Measure(
            Rounds,
            new("Cameo", _ => Repeat(ours.Run, repetitions)),
            new("ONNX Runtime", _ => Repeat(theirs.RunBound, repetitions)),
            new("peak", _ => workers.Run(ref peak, threads)));
        double operations = work.Operations * repetitions / 1e9;
        Console.WriteLine(
            $"| MatMul {work.Name} | {threads} | {timings[0].Rate(operations)} GFLOP/s | {timings[1].Rate(operations)} GFLOP/s | {timings[0].Ratio(timings[1])} | {timings[2].Rate(operations)} GFLOP/s | {timings[0].Share(timings[2])} |");
    }

    private static NativeBuffer Buffer(long[] shape, int seed) => new NativeBuffer((nint)shape.Aggregate(1L, static (product, size) => product * size)).Fill(seed);

    private static void Repeat(Action run, int repetitions)
    {
        for (int count = 0; count < repetitions; count++)
        {
            run();
        }
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

    /// <summary>Both sum the same products in different orders: each is off by at most as many units of the last place of the largest sum.</summary>
    private static void Compare(ReadOnlySpan<float> ours, ReadOnlySpan<float> theirs, long depth)
    {
        for (int index = 0; index < ours.Length; index++)
        {
            if (!(Math.Abs(ours[index] - theirs[index]) <= depth * 1.2e-7f * Math.Sqrt(depth)))
            {
                throw new InvalidOperationException($"Element {index}: {ours[index]:R} here, {theirs[index]:R} in ONNX Runtime.");
            }
        }
    }
}
