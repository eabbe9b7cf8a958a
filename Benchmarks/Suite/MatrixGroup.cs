using Cameo.Benchmarks.Models;
using Cameo.Benchmarks.Peers;
using Cameo.Benchmarks.Reports;
using Cameo.Sessions;
using Cameo.Tests.Models;
using Cameo.Threading;

namespace Cameo.Benchmarks.Suite;

/// <summary>float32 matrix products as models of one node, against ONNX Runtime and the multiply-add limit.</summary>
internal sealed unsafe class MatrixGroup : WorkGroup
{
    private const string SectionName = "matrix products";
    private const string OnnxFile = "product.onnx";

    private static readonly Goal Usual = new(Ratio: 1.15, Share: 0.92, Either: true);
    private static readonly Goal Large = new(Ratio: 1.15, Share: 0.92, Either: true, Least: 0.90);

    public override string Section => SectionName;

    public override IReadOnlyList<string> Rows => [.. MatrixWork.Main.Select(static work => Name(work))];

    public override IReadOnlyList<string> MoreRows => [.. MatrixWork.Others.Select(static work => Name(work))];

    public override IEnumerable<Measurement> Measure(IReadOnlyList<string> rows, int threads) =>
        MatrixWork.Main.Concat(MatrixWork.Others).Where(work => rows.Contains(Name(work))).Select(work => Measure(work, threads));

    private static string Name(MatrixWork work) => $"matmul {work.Name}";

    private static Measurement Measure(MatrixWork work, int threads)
    {
        using NativeBuffer left = Buffer(work.Left, 1), right = Buffer(work.Right, 2), output = Buffer(work.Output, 3);
        byte[] onnx = OnnxModelWriter.MatMul(work, right.Span);
        string folder = BenchmarkFolder.Get(Path.Combine("products", work.Name), folder => File.WriteAllBytes(Path.Combine(folder, OnnxFile), onnx));
        using CompiledModel model = OnnxCompiler.Build(Path.Combine(folder, OnnxFile)).Load();
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

        // Both sum the same products in different orders: each is off by at most as many units of the last place as there are in a sum.
        double difference = Comparison.Check(work.Name, ours.Output(0).AsSpan<float>(), output.Span, work.Depth * 1.2e-7);
        var row = new Measurement
        {
            Section = SectionName, Name = Name(work), Threads = threads, Unit = "GFLOP/s", Work = work.Operations / 1e9, Engines = [], Difference = difference,
            Goal = work.Name.StartsWith("1024", StringComparison.Ordinal) ? Large : Usual,
        };
        return Race.Run(
            row, [(Measurement.Ours, ours.Run), ("ONNX Runtime", theirs.RunBound)], MachineLimits.MultiplyAdds(new Workers(threads), threads, MultiplyAddKind.Floats, work.Operations / 2));
    }

    private static NativeBuffer Buffer(long[] shape, int seed) => new NativeBuffer((nint)shape.Aggregate(1L, static (product, size) => product * size)).Fill(seed);
}
