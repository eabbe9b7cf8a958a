using System.Reflection;
using System.Runtime.Loader;
using Cameo.Sessions;

namespace Cameo.Tests.Conformance;

/// <summary>Runs compiled cases in this process, with its width of vectors, and judges their outputs.</summary>
internal sealed class CaseRunner(CaseArchives archives)
{
    private static readonly int[] ThreadCounts = [1, 2];

    private readonly Dictionary<string, Assembly> _assemblies = new(StringComparer.Ordinal);

    public CaseResult Run(CompiledCase compiled)
    {
        var comparison = new ValueComparison();
        try
        {
            string? fault = Judge(compiled, comparison);
            return new CaseResult(fault is null ? Outcome.Passed : Outcome.Because(OutcomeKind.Wrong, fault), comparison.MaximumUlp);
        }
        catch (Exception exception)
        {
            return new CaseResult(Refusals.AtRun(exception, compiled.Case, compiled.Operators), 0);
        }
    }

    private string? Judge(CompiledCase compiled, ValueComparison comparison)
    {
        ConformanceCase @case = compiled.Case;
        CaseValue[] inputs = [.. compiled.Inputs.Select((slot, index) => ReadValue(archives.FindInput(@case, index), slot))];
        using CompiledModel model = CreateModel(compiled);
        CaseValue?[][] results = [.. ThreadCounts.Select(threads => Run(model, compiled, inputs, threads))];
        if (@case.IsNegative)
        {
            return "it must be refused, but it gives a result";
        }

        CaseValue[] expected = [.. compiled.Outputs.Select((slot, index) => ReadValue(archives.FindOutput(@case, index), slot))];
        bool random = RandomCases.IsRandom(@case);
        if (!random || RandomCases.IsSeeded(@case))
        {
            foreach (CaseValue?[] other in results.Skip(1))
            {
                string? different = other.Select((value, index) => SameBits(value, results[0][index]) ? null : compiled.Outputs[index].Name).FirstOrDefault(static name => name is not null);
                if (different is not null)
                {
                    return $"the bits of '{different}' depend on the number of threads";
                }
            }
        }

        return random
            ? RandomCases.Judge(@case, inputs, results[0], expected)
            : expected.Select((value, index) => Compare(comparison, compiled, index, results[0][index], value)).FirstOrDefault(static fault => fault is not null);
    }

    private string? Compare(ValueComparison comparison, CompiledCase compiled, int index, CaseValue? actual, CaseValue expected)
        => comparison.Compare(actual, expected, type => Tolerance.Find(archives, compiled.Case, index, type)) is { } fault ? $"'{compiled.Outputs[index].Name}' {fault}" : null;

    private static CaseValue?[] Run(CompiledModel model, CompiledCase compiled, CaseValue[] inputs, int threads)
    {
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
        return SessionValues.Run(session, compiled, inputs);
    }

    private static CaseValue ReadValue(byte[]? message, CaseSlot slot)
        => CaseValueReader.Read(message ?? throw new InvalidDataException($"There is no file for '{slot.Name}'."), slot.Kind);

    private static bool SameBits(CaseValue? left, CaseValue? right) => (left?.Content, right?.Content) switch
    {
        (null, null) => true,
        (TensorValue a, TensorValue b) => a.Shape.SequenceEqual(b.Shape) && a.Bytes.AsSpan().SequenceEqual(b.Bytes) && SameStrings(a.Strings ?? [], b.Strings ?? []),
        (SequenceValue a, SequenceValue b) => a.Elements.Count == b.Elements.Count && a.Elements.Zip(b.Elements, SameBits).All(static same => same),
        _ => false,
    };

    private static bool SameStrings(IReadOnlyList<byte[]> left, IReadOnlyList<byte[]> right)
        => left.Count == right.Count && left.Zip(right, static (a, b) => a.AsSpan().SequenceEqual(b)).All(static same => same);

    private CompiledModel CreateModel(CompiledCase compiled)
    {
        if (!_assemblies.TryGetValue(compiled.Assembly, out Assembly? assembly))
        {
            assembly = AssemblyLoadContext.Default.LoadFromAssemblyPath(compiled.Assembly);
            _assemblies.Add(compiled.Assembly, assembly);
        }

        Type type = assembly.GetType(compiled.ClassName) ?? throw new InvalidOperationException($"The generated code has no class {compiled.ClassName}.");
        ModelOptions options = new() { WeightsPath = compiled.Weights, Threads = 1 };
        return (CompiledModel)Activator.CreateInstance(type, BindingFlags.Public | BindingFlags.Instance | BindingFlags.DoNotWrapExceptions, null, [options], null)!;
    }
}
