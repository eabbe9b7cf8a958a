using System.Globalization;
using System.Text.RegularExpressions;
using Cameo.Generator.Diagnostics;
using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Outlining;
using Cameo.Generator.Planning;

namespace Cameo.Generator.Reports;

/// <summary>Gathers what the compiler knows of a model: signature, states, kernels with the nodes they stand for, patterns, memory.</summary>
internal sealed class ReportBuilder
{
    /// <summary>The size that figures and pictures take for a symbol without bound.</summary>
    private const long TypicalSize = 16;

    /// <summary>Names that follow no pattern are listed up to this number.</summary>
    private const int MaximumNames = 12;

    private static readonly Regex Numbers = new("[0-9]+", RegexOptions.CultureInvariant);

    private readonly EmissionModel _model;
    private readonly IReadOnlyList<DiagnosticInfo> _diagnostics;

    private ReportBuilder(EmissionModel model, IReadOnlyList<DiagnosticInfo> diagnostics)
    {
        _model = model;

        // Misses have a table of their own.
        _diagnostics = [.. diagnostics.Where(diagnostic => diagnostic.Id != DiagnosticIds.MissedOptimization || !model.Graph.Misses.Any(miss => diagnostic.Message.Contains(miss.Reason)))];
    }

    private Graph Graph => _model.Graph;

    public static ModelReport Build(EmissionModel model, IReadOnlyList<DiagnosticInfo> diagnostics) => new ReportBuilder(model, diagnostics).Build();

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private ModelReport Build() => new($"{_model.Namespace}.{_model.ClassName}", Facts(),
    [
        Values("Inputs", [.. _model.RunInputs.Select(index => (Graph.Inputs[index], _model.InputNames[index].TrimStart('@')))]),
        Values("Outputs", [.. _model.RunOutputs.Select(index => (Graph.Outputs[index], _model.OutputNames[index]))]),
        States(),
        Kernels("Kernels", "What a run executes, in order. A kernel stands for the ONNX nodes beside it; kernels of repeated blocks are told once. Multiply-adds and bytes are those of one call"
            + (Graph.Symbols.Free.Any(IsGiven) ? $", at {SizesText()}." : "."), _model.Schedule),
        Kernels("Kernels at load", "What is computed once from constants, when the model is loaded.", _model.LoadSchedule),
        Recognitions(),
        Misses(),
        Memory(),
        Diagnostics(),
    ]);

    private List<(string Name, string Value)> Facts()
    {
        long multiplyAdds = _model.Lowered.Kernels.Sum(kernel => Evaluate(kernel.MultiplyAdds));
        List<(string, string)> facts =
        [
            ("Model", Graph.Name),
            ("Written by", _model.Model.Producer.Length > 0 ? _model.Model.Producer : "not stated"),
            ("Operator sets", string.Join(", ", _model.Model.Opsets.OrderBy(opset => opset.Key, StringComparer.Ordinal).Select(opset => $"{(opset.Key.Length == 0 ? "ai.onnx" : opset.Key)} {opset.Value}"))),
            ("Identity", _model.Identity),
        ];
        facts.AddRange(Graph.Symbols.Free.Where(IsGiven).Select(symbol => ($"Dimension {symbol}", Graph.Symbols.Range(symbol) is { IsBounded: true } range
            ? $"{range.Minimum} to {range.Maximum}"
            : $"at least {Graph.Symbols.Range(symbol).Minimum}, not bounded")));
        facts.AddRange(Graph.Symbols.Definitions.OrderBy(definition => definition.Key, StringComparer.Ordinal).Select(definition => ($"Dimension {definition.Key}", definition.Value.ToString())));
        facts.Add(("Kernels", $"{_model.Lowered.Kernels.Count} a run in {_model.Schedule.Sites.Count} methods, {_model.Lowered.LoadKernels.Count} at load"));
        facts.Add(("Multiply-adds a run", $"{Number(multiplyAdds)}{(Graph.Symbols.Free.Any(IsGiven) ? $" at {SizesText()}" : "")}"));
        facts.Add(("Weights", $"{Number(_model.Lowered.WeightBytes)} bytes in {_model.Lowered.Weights.Count} tensors"));
        facts.Add(("Computed at load", $"{Number(_model.Plan.PreparedBytes)} bytes"));
        facts.Add(("Arena", _model.Plan.IsStatic ? $"{Number(_model.Plan.ArenaBytes)} bytes, {Number(_model.Plan.BytesBeforePlanning)} without sharing" : "laid out at run time, once per change of shape"));
        facts.Add(("States", $"{Number(_model.StateBytesPerRow)} bytes a row"));
        return facts;
    }

    private static ReportSection Values(string title, IReadOnlyList<(Value Value, string Member)> values) => new(title, "", ["Name", "Member", "Type"],
        [.. values.Select(value => (IReadOnlyList<string>)[value.Value.Name, value.Member, value.Value.RequiredType.ToString()])]);

    private ReportSection States()
    {
        var rows = new List<IReadOnlyList<string>>();
        foreach (var group in Graph.States.GroupBy(state => (state.Kind, Input: Numbers.Replace(state.Input.Name, "#"), Output: Numbers.Replace(state.Output?.Name ?? "", "#"), Type: state.Input.RequiredType.ToString())))
        {
            rows.Add([Names([.. group.Select(state => state.Input.Name)]), Names([.. group.Select(state => state.Output?.Name ?? "")]), group.Key.Kind.ToString(), group.Key.Type, Number(group.Count())]);
        }

        return new("States", Graph.States.Count == 0 ? "The model has none." : "What the session keeps from one run to the next, in place.", ["Input", "Output", "Kind", "Type", "Buffers#"], rows);
    }

    private ReportSection Kernels(string title, string note, KernelSchedule schedule)
    {
        var rows = new List<IReadOnlyList<string>>();
        long all = Math.Max(1, Enumerable.Range(0, schedule.Count).Sum(kernel => Evaluate(schedule.Template(kernel).Kernel.MultiplyAdds)));
        foreach (CallSite site in schedule.Sites)
        {
            Kernel kernel = site.Template.Kernel;
            long multiplyAdds = Evaluate(kernel.MultiplyAdds);
            long bytes = kernel.Reads.Concat(kernel.Writes).Sum(view => Evaluate(view.Shape.ElementCount * view.ElementType.Bytes()));
            rows.Add(
            [
                site.First.ToString(CultureInfo.InvariantCulture),
                site.Repetitions.ToString(CultureInfo.InvariantCulture),
                _model.Method(site),
                kernel.Summary.Length > 0 ? $"{kernel.Kind}: {kernel.Summary}" : kernel.Kind,
                string.Join("\n", Nodes(site, schedule)),
                Number(multiplyAdds),
                FormattableString.Invariant($"{100.0 * multiplyAdds * site.Repetitions / all:0.0} %"),
                Number(bytes),
            ]);
        }

        return new(title, schedule.Count == 0 ? "There are none." : note, ["Kernel#", "Times#", "Method", "What it does", "ONNX nodes", "Multiply-adds#", "Share#", "Bytes#"], rows);
    }

    private static IEnumerable<string> Nodes(CallSite site, KernelSchedule schedule)
    {
        IReadOnlyList<string>[] all = [.. site.Kernels.Select(kernel => schedule.Template(kernel).Kernel.Nodes)];
        return all.All(nodes => nodes.Count == all[0].Count)
            ? all[0].Select((_, index) => Names([.. all.Select(nodes => nodes[index])]))
            : all.SelectMany(nodes => nodes);
    }

    private ReportSection Recognitions()
    {
        var rows = new List<IReadOnlyList<string>>();
        foreach (PatternGroup group in PatternGroup.Of(Graph.Recognitions))
        {
            rows.Add([group.Pattern, Number(group.Count), group.Nodes, string.Join("\n", group.Origins)]);
        }

        return new("Recognised patterns", rows.Count == 0 ? "None." : "Spellings that became one node; the nodes are those of the first.", ["Pattern", "Times#", "Node", "Made of"], rows);
    }

    private ReportSection Misses()
    {
        var rows = new List<IReadOnlyList<string>>();
        foreach (PatternGroup group in PatternGroup.Of(Graph.Misses))
        {
            rows.Add([group.Pattern, Number(group.Count), group.Nodes, group.Reason]);
        }

        return new("Patterns not recognised", rows.Count == 0 ? "None: nothing resembled a pattern without being one." : "What resembles a pattern and was left as it is. The model works, by simpler kernels.", ["Pattern", "Times#", "Node", "Reason"], rows);
    }

    private ReportSection Memory()
    {
        string picture = MemoryPicture.Draw(_model.Plan, _model.Lowered.Kernels, SizeOf);
        IReadOnlyList<string>[] rows = [.. ArenaSeries.Of(_model.Plan, _model.Schedule).Select(series => (IReadOnlyList<string>)
        [
            _model.Plan.IsStatic ? Number(series.Offset) : "",
            Number(Evaluate(series.Bytes)),
            $"{series.FirstKernel}..{series.LastKernel}",
            series.Repetitions == 1 ? "" : $"{series.Repetitions}{(series.Period > 0 ? $", every {series.Period} kernels" : "")}{(series.OffsetStep != 0 ? $" {series.OffsetStep} bytes further" : "")}",
            SlotText.Name(series),
        ])];
        string note = _model.Plan.IsStatic
            ? "The arena of a session: places that are not in use at the same time overlap."
            : $"The arena is laid out at run time, since a dimension is not bounded; shown at {SizesText()}.";
        return new("Memory plan", note, ["Offset#", "Bytes#", "Kernels", "Times", "Values"], rows) { Picture = picture };
    }

    private ReportSection Diagnostics() => new("Diagnostics", _diagnostics.Count == 0 ? "None." : "", ["Id", "Level", "Message"],
        [.. _diagnostics.Select(diagnostic => (IReadOnlyList<string>)[diagnostic.Id, diagnostic.Severity.ToString(), diagnostic.Message])]);

    /// <summary>One name, the pattern of several, or as many as can be read.</summary>
    private static string Names(IReadOnlyList<string> names) => names.Distinct().Count() == 1 ? names[0]
        : NamePattern.Find(names)?.ToString()
        ?? string.Join("\n", names.Take(MaximumNames)) + (names.Count > MaximumNames ? $"\nand {names.Count - MaximumNames} more" : "");

    private long Evaluate(Dimension dimension) => dimension.Evaluate(SizeOf);

    private long SizeOf(string symbol) => Graph.Symbols.Definitions.TryGetValue(symbol, out Dimension? definition)
        ? definition.Evaluate(SizeOf)
        : Graph.Symbols.Range(symbol) is { IsBounded: true } range ? range.Maximum : Math.Max(TypicalSize, Graph.Symbols.Range(symbol).Minimum);

    /// <summary>Whether inputs tell a size, and not kernels.</summary>
    private bool IsGiven(string symbol) => !Graph.Symbols.IsSetByKernel(symbol);

    private string SizesText() => string.Join(", ", Graph.Symbols.Free.Where(IsGiven).Select(symbol => $"{symbol} = {SizeOf(symbol)}"));
}
