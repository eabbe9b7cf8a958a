using System.Runtime.InteropServices;
using Cameo.Sessions;
using Cameo.Tests.Models;

namespace Cameo.ModelRunner;

/// <summary>
/// The stored outputs of a model: through the untyped interface within the tolerance, with the same bits for every number of threads, and with the same bits through the
/// typed method, which allocates nothing.
/// </summary>
internal sealed class StoredModelChecks(CheckList checks, string folder, Func<CompiledModel> load, int[] threadCounts)
{
    // Enough for one allocation in a run to show, whatever the granularity of the measurement.
    private const int MeasuredRuns = 20;

    private readonly Dictionary<int, IReadOnlyDictionary<string, Tensor>> _first = [];
    private readonly TypedRuns.TypedRun? _runTyped = TypedRuns.Find(folder);

    public void Run()
    {
        using CompiledModel model = load();
        var signature = ModelSignature.Read(model.Description);
        IReadOnlyList<DataSet> sets = DataSet.ReadAll(folder, signature);
        checks.Run($"{folder}: there are data sets", () => sets.Count > 0 ? null : "there is none");
        foreach (int threads in threadCounts)
        {
            using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
            foreach (DataSet set in sets)
            {
                string name = FormattableString.Invariant($"{folder}, set {set.Number}, threads {threads}");
                checks.Run($"{name}: stored outputs", () => CompareUntyped(session, set, signature.RelativePrecision));
                if (_runTyped is not null)
                {
                    float[] output = new float[set.Outputs.Values.Single().ElementCount];
                    checks.Run($"{name}: typed method", () => CompareTyped(session, set, output));
                    checks.Run($"{name}: no allocation", () => Allocations.Find(() => RunOften(session, set, output)));
                }
            }
        }
    }

    private string? CompareUntyped(CompiledSession session, DataSet set, double relativePrecision)
    {
        session.Reset();
        IReadOnlyDictionary<string, Tensor> outputs = session.Run(set.Inputs);
        bool isFirst = _first.TryAdd(set.Number, outputs);
        IReadOnlyList<string> faults = OutputComparison.Compare(set, outputs, relativePrecision);
        if (faults.Count > 0)
        {
            return string.Join("; ", faults);
        }

        if (isFirst)
        {
            return null;
        }

        string? different = outputs.Keys.FirstOrDefault(name => !outputs[name].Bytes.SequenceEqual(_first[set.Number][name].Bytes));
        return different is null ? null : $"the bits of '{different}' depend on the number of threads";
    }

    private string? CompareTyped(CompiledSession session, DataSet set, float[] output)
    {
        _runTyped!(session, set.Inputs.Values.Single(), output);
        return MemoryMarshal.AsBytes<float>(output).SequenceEqual(_first[set.Number].Values.Single().Bytes) ? null : "other bits than through the untyped interface";
    }

    private void RunOften(CompiledSession session, DataSet set, float[] output)
    {
        Tensor input = SingleInput(set);
        for (int run = 0; run < MeasuredRuns; run++)
        {
            _runTyped!(session, input, output);
        }
    }

    // Without an enumerator on the heap.
    private static Tensor SingleInput(DataSet set)
    {
        foreach (KeyValuePair<string, Tensor> input in (Dictionary<string, Tensor>)set.Inputs)
        {
            return input.Value;
        }

        throw new InvalidDataException($"Set {set.Number} has no input.");
    }
}
