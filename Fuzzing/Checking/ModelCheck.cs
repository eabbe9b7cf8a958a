using Cameo.Benchmarks.Peers;
using Cameo.Fuzzing.Models;
using Cameo.Fuzzing.Oracle;
using Cameo.Generator.Diagnostics;
using Cameo.Generator.Onnx;
using Cameo.Sessions;
using Cameo.Tests.Compilation;

namespace Cameo.Fuzzing.Checking;

/// <summary>A model on its way through the compiler, and what its runs give next to the reference.</summary>
internal sealed class ModelCheck(FuzzModel model, string className, string folder)
{
    private const int Samples = 3, MoreSamples = 40;

    // The samples' factors are off by up to this many units in the last place; errors of dot products and of approximations are of that order.
    private const double Strength = 4, GreatestStrength = 16;

    private static readonly int[] ThreadCounts = [1, 2];

    public FuzzModel Model { get; } = model;

    /// <summary>The compilation, whose class exists after the C# compiler has run.</summary>
    public ModelCompilation Compilation { get; } = ModelCompilation.Run(className, model.ToBytes(), className, folder);

    /// <summary>The verdict, after the C# compiler has run.</summary>
    public Verdict Judge(int seed)
    {
        if (Compilation.Refusal is var (id, message))
        {
            bool isFault = id == DiagnosticIds.InternalError || id == ImportDiagnosticIds.InternalError;
            return new Verdict(isFault ? VerdictKind.Faulty : VerdictKind.Refused, $"{id}: {message}");
        }

        if (Compilation.Type is null)
        {
            return new Verdict(VerdictKind.Faulty, Compilation.Fault is { } fault && !fault.StartsWith("The generated", StringComparison.Ordinal) ? fault : Compilation.Explain());
        }

        if (Compilation.SharpWarnings.Count > 0)
        {
            return new Verdict(VerdictKind.Faulty, Compilation.SharpWarnings[0]);
        }

        using var reference = new Reference(Model);
        try
        {
            return Run(reference, seed);
        }
        catch (Exception exception) when (exception is not ReferenceException)
        {
            return new Verdict(VerdictKind.Threw, exception.ToString());
        }
        catch (ReferenceException exception)
        {
            return new Verdict(VerdictKind.NoReference, exception.Message);
        }
    }

    private Verdict Run(Reference reference, int seed)
    {
        List<OnnxRuntimeTensor[]>? first = null;
        using CompiledModel compiled = Compilation.CreateModel(threads: 1);
        foreach (int threads in ThreadCounts)
        {
            using CompiledSession session = compiled.CreateSession(new SessionOptions { Threads = threads });
            List<OnnxRuntimeTensor[]> results = [.. Model.Runs.Append(Model.Runs[0]).Select(run => Run(session, run))];
            if (Different(results[^1], results[0]) is { } changed)
            {
                return new Verdict(VerdictKind.Wrong, $"the bits of '{changed}' change when the session runs again on the same inputs");
            }

            first ??= results;
            for (int run = 0; run < results.Count; run++)
            {
                if (Different(results[run], first[run]) is { } name)
                {
                    return new Verdict(VerdictKind.Wrong, $"the bits of '{name}' depend on the number of threads");
                }
            }
        }

        for (int run = 0; run < Model.Runs.Count; run++)
        {
            if (Judge(reference, Model.Runs[run], first![run], seed) is { } fault)
            {
                return new Verdict(VerdictKind.Wrong, $"run {run}: {fault}");
            }
        }

        return Model.RefusedRun is { } refused && IsRefused(reference, refused) && GivesResult(compiled, refused)
            ? new Verdict(VerdictKind.Wrong, "a run gives a result that ONNX Runtime refuses")
            : Verdict.Passed;
    }

    private static bool IsRefused(Reference reference, Dictionary<string, OnnxRuntimeTensor> inputs)
    {
        try
        {
            reference.RunAll(inputs, noise: null);
            return false;
        }
        catch (InvalidOperationException exception)
        {
            return !ReferenceFaults.IsRefusalOfItsOwn(exception.Message);
        }
    }

    private bool GivesResult(CompiledModel compiled, Dictionary<string, OnnxRuntimeTensor> inputs)
    {
        using CompiledSession session = compiled.CreateSession(new SessionOptions { Threads = 1 });
        try
        {
            Run(session, inputs);
            return true;
        }
        catch (Exception exception) when (exception is not (NullReferenceException or InvalidCastException or AccessViolationException or ArithmeticException))
        {
            return false;
        }
    }

    private OnnxRuntimeTensor[] Run(CompiledSession session, Dictionary<string, OnnxRuntimeTensor> inputs)
    {
        Dictionary<string, Tensor> tensors = inputs.ToDictionary(
            static input => input.Key, static input => Tensor.FromBytes((ElementType)input.Value.ElementType, input.Value.Bytes, input.Value.Shape), StringComparer.Ordinal);
        IReadOnlyDictionary<string, Tensor> outputs = session.Run(tensors);
        return [.. Model.Outputs.Select(output => new OnnxRuntimeTensor((int)outputs[output.Name].ElementType, outputs[output.Name].Shape.ToArray(), outputs[output.Name].Bytes.ToArray()))];
    }

    private string? Different(OnnxRuntimeTensor[] results, OnnxRuntimeTensor[] others)
    {
        int index = results.Zip(others).TakeWhile(static pair => pair.First.Shape.SequenceEqual(pair.Second.Shape) && pair.First.Bytes.AsSpan().SequenceEqual(pair.Second.Bytes)).Count();
        return index < results.Length ? Model.Outputs[index].Name : null;
    }

    private string? Judge(Reference reference, Dictionary<string, OnnxRuntimeTensor> inputs, OnnxRuntimeTensor[] actual, int seed)
    {
        var random = new Random(seed);
        Dictionary<string, OnnxRuntimeTensor> expected = Evaluate(reference, inputs, null);
        List<Dictionary<string, OnnxRuntimeTensor>> samples = [.. Enumerable.Range(0, Samples).Select(_ => Evaluate(reference, inputs, new Noise(random, Strength)))];
        string? fault = Compare(actual, expected, samples);
        if (fault is null)
        {
            return null;
        }

        // Rounding may decide on a step: a comparison, a quantised number. More samples show whether it does.
        samples.AddRange(Enumerable.Range(0, MoreSamples).Select(_ => Evaluate(reference, inputs, new Noise(random, random.NextDouble() * GreatestStrength))));
        fault = Compare(actual, expected, samples);
        if (fault is null)
        {
            return null;
        }

        // What ONNX Runtime makes of the model as a whole is right too.
        return Optimized(inputs) is { } optimized && Compare(actual, optimized, []) is null ? null : fault;
    }

    private string? Compare(OnnxRuntimeTensor[] actual, Dictionary<string, OnnxRuntimeTensor> expected, List<Dictionary<string, OnnxRuntimeTensor>> samples)
    {
        foreach ((FuzzOutput output, OnnxRuntimeTensor tensor) in Model.Outputs.Zip(actual))
        {
            if (OutputJudge.Compare(tensor, expected[output.Name], [.. samples.Select(sample => sample[output.Name])]) is { } fault)
            {
                return $"'{output.Name}' {fault}";
            }
        }

        return null;
    }

    private static Dictionary<string, OnnxRuntimeTensor> Evaluate(Reference reference, Dictionary<string, OnnxRuntimeTensor> inputs, Noise? noise)
    {
        try
        {
            return reference.RunAll(inputs, noise);
        }
        catch (InvalidOperationException exception)
        {
            throw new ReferenceException(exception.Message, exception);
        }
    }

    private Dictionary<string, OnnxRuntimeTensor>? Optimized(Dictionary<string, OnnxRuntimeTensor> inputs)
    {
        try
        {
            using var session = new OnnxRuntimeSession(Model.ToBytes(), threads: 1);
            return session.Run(inputs);
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
