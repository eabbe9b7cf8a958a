using Cameo.Benchmarks.Reports;
using Cameo.Kernels;
using Cameo.Threading;

namespace Cameo.Benchmarks.Suite;

/// <summary>A matrix times a vector over matrices in turn, so many that none is still in a cache when its turn comes again, against the read bandwidth.</summary>
internal sealed unsafe class MatrixVectorGroup : WorkGroup
{
    private const string SectionName = "matrix products";
    private const int Matrices = 10;
    private const int Depth = 2048;
    private const int Columns = 8192;

    public override string Section => SectionName;

    public override IReadOnlyList<string> Rows => [$"gemv {Depth}×{Columns}, 640 MiB in turn"];

    public override IEnumerable<Measurement> Measure(IReadOnlyList<string> rows, int threads) => [Measure(threads)];

    private Measurement Measure(int threads)
    {
        nint length = MatrixMultiply.PackedLength(Columns, Depth);
        using NativeBuffer weights = new NativeBuffer(Matrices * length).Fill(3);
        using NativeBuffer vector = new NativeBuffer(Depth).Fill(4);
        using var result = new NativeBuffer(Columns);
        var workers = new Workers(threads);
        int next = 0;
        void multiply() => MatrixMultiply.Packed(
            workers, vector.Pointer, Depth, weights.Pointer + (next++ % Matrices * length), result.Pointer, Columns, 1, Columns, Depth, default(NoEpilogue));
        long bytes = length * sizeof(float);
        var row = new Measurement
        {
            Section = SectionName, Name = Rows[0], Threads = threads, Unit = "GB/s", Work = bytes / 1e9, Engines = [], Goal = new Goal(Share: 0.92),
        };
        return Race.Run(row, [(Measurement.Ours, multiply)], MachineLimits.Reading(workers, threads, weights, bytes));
    }
}
