using Cameo.Generator.Emitting;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Outlining;

/// <summary>The kernels of a run (or of loading) as code executes them: methods and loops over repetitions.</summary>
internal sealed class KernelSchedule
{
    private readonly KernelTemplate[] _templates;
    private readonly CallSite[] _siteOf;
    private readonly List<CallSite> _sites = [];
    private readonly Dictionary<ScheduleLoop, LoopVariable> _variables = [];

    private KernelSchedule(KernelTemplate[] templates)
    {
        _templates = templates;
        _siteOf = new CallSite[templates.Length];
        Nodes = RepetitionFinder.Find(RepetitionFinder.Number([.. templates.Select(Key)]));
        Steps = [.. Nodes.Where(node => node is ScheduleLoop || templates[node.Start].Kernel.Owner is null)];
        AddSites(Nodes, [], [0]);
    }

    /// <summary>Steps and loops in order of execution.</summary>
    public IReadOnlyList<ScheduleNode> Nodes { get; }

    /// <summary>Those that are called one after the other: kernels of branches and bodies are called by the kernel they belong to.</summary>
    public IReadOnlyList<ScheduleNode> Steps { get; }

    /// <summary>The methods, in order of first call.</summary>
    public IReadOnlyList<CallSite> Sites => _sites;

    /// <summary>Number of kernels.</summary>
    public int Count => _templates.Length;

    public static KernelSchedule Make(IReadOnlyList<Kernel> kernels, SymbolFields symbols, CancellationToken cancellationToken) =>
        new(TemplateWriter.Record(kernels, symbols, cancellationToken));

    public KernelTemplate Template(int kernel) => _templates[kernel];

    /// <summary>Words whose members kernels use.</summary>
    public IEnumerable<string> Qualifiers() => _templates.SelectMany(template => template.Qualifiers()).Distinct();

    /// <summary>The method that a kernel is a call of.</summary>
    public CallSite Site(int kernel) => _siteOf[kernel];

    public LoopVariable Variable(ScheduleLoop loop) => _variables[loop];

    /// <summary>Control flow, and what it calls, is like nothing else: its order is its own.</summary>
    private static string Key(KernelTemplate template, int index) =>
        template.Kernel.Owner is null && template.Kernel.Blocks.Count == 0 ? template.Key : $"{index} {template.Key}";

    /// <param name="nodes">What to add.</param>
    /// <param name="loops">Loops around it.</param>
    /// <param name="shifts">How far each repetition of the loops lies behind the first.</param>
    private void AddSites(IReadOnlyList<ScheduleNode> nodes, IReadOnlyList<LoopVariable> loops, int[] shifts)
    {
        foreach (ScheduleNode node in nodes)
        {
            if (node is ScheduleLoop loop)
            {
                var variable = new LoopVariable(LoopName(loop, [.. loops.Select(outer => outer.Name)]), loop.Count);
                _variables[loop] = variable;
                foreach (ScheduleNode part in loop.Body)
                {
                    int count = loop.CountOf(part);
                    AddSites([part], [.. loops, variable with { Count = count }], [.. shifts.SelectMany(shift => Enumerable.Range(0, count).Select(repetition => shift + repetition * loop.Period))]);
                }

                continue;
            }

            var site = new CallSite(_templates[node.Start], loops, [.. shifts.Select(shift => node.Start + shift)]);
            _sites.Add(site);
            foreach (int kernel in site.Kernels)
            {
                _siteOf[kernel] = site;
            }
        }
    }

    /// <summary>The word that the model counts its repetitions with, such as "layer" in <c>/model/layers.0/…</c>; else "repetition".</summary>
    private string LoopName(ScheduleLoop loop, IReadOnlyList<string> outer)
    {
        const string general = "repetition";
        var votes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (int position = loop.Start; position < loop.Start + loop.Period; position++)
        {
            string[] names = [.. Enumerable.Range(0, loop.Count).Select(repetition => KernelNaming.Origin(_templates[position + repetition * loop.Period].Kernel).Name)];
            if (NamePattern.Find(names) is { } pattern && CountedWord(pattern.CountedPrefix) is { } word)
            {
                votes.TryGetValue(word, out int count);
                votes[word] = count + 1;
            }
        }

        string best = votes.OrderByDescending(vote => vote.Value).ThenBy(vote => vote.Key, StringComparer.Ordinal).Select(vote => vote.Key).FirstOrDefault() ?? general;
        bool IsTaken(string name) => outer.Contains(name) || Enumerable.Range(loop.Start, loop.Period).Any(position => _templates[position].Mentions(name));
        string candidate = IsTaken(best) ? general : best;
        for (int number = 2; IsTaken(candidate); number++)
        {
            candidate = general + number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        return candidate;
    }

    /// <summary>"/model/layers." → "layer".</summary>
    private static string? CountedWord(string prefix)
    {
        int end = prefix.Length;
        while (end > 0 && !IsLetter(prefix[end - 1]))
        {
            end--;
        }

        int start = end;
        while (start > 0 && IsLetter(prefix[start - 1]))
        {
            start--;
        }

        string word = prefix.Substring(start, end - start).ToLowerInvariant();
        word = word.Length > 3 && word.EndsWith("s", StringComparison.Ordinal) && !word.EndsWith("ss", StringComparison.Ordinal) ? word.Substring(0, word.Length - 1) : word;
        return word.Length >= 3 && !Identifiers.IsKeyword(word) ? word : null;
    }

    private static bool IsLetter(char character) => character is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z');
}
