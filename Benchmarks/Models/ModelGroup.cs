using System.Runtime.InteropServices;
using Cameo.Benchmarks.Peers;
using Cameo.Benchmarks.Reports;
using Cameo.Benchmarks.Suite;
using Cameo.Sessions;
using Cameo.Tests.Models;
using Cameo.Threading;

namespace Cameo.Benchmarks.Models;

/// <summary>A whole model against ONNX Runtime: the same file, the same inputs, the same number of threads.</summary>
internal sealed class ModelGroup(ModelWork work) : WorkGroup
{
    public override string Section => work.Group;

    public override IReadOnlyList<string> Rows => [work.Name];

    public override IEnumerable<Measurement> Measure(IReadOnlyList<string> rows, int threads)
    {
        using CompiledModel model = OnnxCompiler.Build(work.Path).Load();
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
        Dictionary<string, Tensor> inputs = work.MakeInputs(model);
        using var ours = new BoundRun(session, inputs);
        ours.Run();

        using var theirs = new OnnxRuntimeSession(work.Path, threads);
        Dictionary<string, OnnxRuntimeTensor> given = inputs.ToDictionary(
            static input => input.Key, static input => new OnnxRuntimeTensor((int)input.Value.ElementType, input.Value.Shape.ToArray(), input.Value.Bytes.ToArray()));
        Dictionary<string, OnnxRuntimeTensor> expected = theirs.Run(given);
        double difference = 0;
        for (int index = 0; index < model.Description.Outputs.Length; index++)
        {
            string name = model.Description.Outputs[index].Name;
            difference = Math.Max(difference, Compare(name, ours.Output(index), expected[name]));
        }

        using IDisposable bound = theirs.Bind(given);
        double multiplyAdds = model.Details.Kernels.Sum(static kernel => (double)kernel.MultiplyAdds * kernel.Repetitions);
        var row = new Measurement { Section = work.Group, Name = work.Name, Threads = threads, Unit = "ms", Engines = [], Difference = difference, Goal = new Goal(Ratio: 1) };
        yield return Race.Run(
            row, [(Measurement.Ours, ours.Run), ("ONNX Runtime", theirs.RunBound)],
            multiplyAdds > 0 ? MachineLimits.MultiplyAdds(new Workers(threads), threads, MultiplyAddKind.Floats, multiplyAdds) : null);
    }

    private double Compare(string name, Tensor actual, OnnxRuntimeTensor expected)
    {
        if (!actual.Shape.SequenceEqual(expected.Shape) || (int)actual.ElementType != expected.ElementType)
        {
            throw new InvalidOperationException($"output '{name}' is {actual} here and [{string.Join(", ", expected.Shape)}] in ONNX Runtime");
        }

        return actual.ElementType != ElementType.Float32
            ? 0
            : Comparison.Check($"output '{name}'", actual.AsSpan<float>(), MemoryMarshal.Cast<byte, float>(expected.Bytes), work.Tolerance);
    }
}
