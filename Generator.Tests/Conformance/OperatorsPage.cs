using Cameo.Generator.Operators;

namespace Cameo.Tests.Conformance;

/// <summary>
/// docs/operators.md: the operators that the compiler's registry knows, with their versions, the element types of the cases that pass and what these were lowered to.
/// </summary>
internal static class OperatorsPage
{
    private const string Separator = ", ";

    private static readonly string[] Headers = ["operator", "versions", "element types in passing cases", "lowered to"];

    /// <summary>The targets of lowering by the kinds of kernels; all other kernels call a method of the library.</summary>
    private static readonly Dictionary<string, string> Targets = new(StringComparer.Ordinal)
    {
        ["loop"] = "loop", ["row loop"] = "loop",
        ["matmul"] = "contraction", ["convolution"] = "contraction", ["integer matmul"] = "contraction", ["integer convolution"] = "contraction", ["quantized matmul"] = "contraction",
        ["attention"] = "attention", ["attention join"] = "attention", ["attention lengths"] = "attention", ["attention scores"] = "attention", ["linear attention"] = "attention",
        ["copy"] = "move", ["gather"] = "move", ["scatter"] = "move", ["pad"] = "move", ["part"] = "move", ["pack"] = "move",
        ["if"] = "control", ["check"] = "control", ["repeat"] = "control", ["scan"] = "control",
    };

    /// <summary>The page.</summary>
    /// <param name="reports">The cases that were run.</param>
    /// <param name="existing">The page to keep what other cases showed from; empty after a run of all cases.</param>
    public static string Write(IReadOnlyList<CaseReport> reports, string existing)
    {
        Dictionary<string, string[]> known = DocumentTable.Parse(existing, Headers);
        ILookup<string, CaseReport> passed = reports.Where(static report => report.Outcome.Kind == OutcomeKind.Passed && !report.Case.IsNegative)
            .SelectMany(static report => report.Compiled.Operators.Select(name => (Name: name, Report: report)))
            .ToLookup(static entry => entry.Name, static entry => entry.Report, StringComparer.Ordinal);
        return string.Join('\n',
        [
            "# Operators",
            "",
            "Written by the tests from the compiler's own list and a run of the conformance suites (`CAMEO_UPDATE_DOCS=1` with the tests of the trait `Suite=conformance`).",
            "Versions are the opsets at which an operator changed; all opsets from the first on are taken. Element types are those of inputs, outputs and weights of cases that pass and have no",
            "other operator. An operator that is another name for simpler ones is lowered to what these are; \"view\" needs nothing at run time. What is empty has no case in the suites.",
            "",
            .. DocumentTable.Format(Headers, OperatorRegistry.All
                .Where(static known => known.Domain != OperatorRegistry.InternalDomain)
                .OrderBy(static known => known.Domain, StringComparer.Ordinal).ThenBy(static known => known.Type, StringComparer.Ordinal)
                .Select(entry => Row(entry, passed, known))),
            "",
        ]);
    }

    private static string[] Row(Operator entry, ILookup<string, CaseReport> passed, Dictionary<string, string[]> known)
    {
        string name = entry.Domain is "" ? entry.Type : $"{entry.Domain}.{entry.Type}";
        string[] cells = known.GetValueOrDefault(name, [name, "", "", ""]);
        IEnumerable<string> types = passed[name].Where(report => report.Compiled.Subject == name).SelectMany(static report => report.Compiled.ElementTypes);
        IEnumerable<string> targets = passed[name].SelectMany(report => FindTargets(report.Compiled, entry.Type));
        return [name, string.Join(Separator, entry.Versions), Join(cells[2], types), Join(cells[3], targets)];
    }

    private static IEnumerable<string> FindTargets(CompiledCase compiled, string type)
    {
        string[] targets = [.. compiled.Kernels.Where(kernel => kernel.Operators.Contains(type)).Select(static kernel => Targets.GetValueOrDefault(kernel.Kind, "library")).Distinct()];

        // Where other operators do not hide it, an operator without kernels is a view.
        return targets.Length == 0 && compiled.Operators is [_] ? ["view"] : targets;
    }

    private static string Join(string existing, IEnumerable<string> added)
        => string.Join(Separator, existing.Split(Separator, StringSplitOptions.RemoveEmptyEntries).Concat(added).Distinct().Order(StringComparer.Ordinal));
}
