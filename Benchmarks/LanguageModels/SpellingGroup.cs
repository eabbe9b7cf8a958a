using Cameo.Benchmarks.LanguageModels.Spellings;
using Cameo.Benchmarks.Models;
using Cameo.Benchmarks.Reports;
using Cameo.Benchmarks.Suite;

namespace Cameo.Benchmarks.LanguageModels;

/// <summary>The same model in the operators of different exporters, compiled by Cameo: each against the fastest.</summary>
internal sealed class SpellingGroup(LlamaFiles files) : WorkGroup
{
    private const string SectionName = "spellings";
    private const string Fastest = "fastest spelling";
    private const double Tolerance = 2e-3;

    private static readonly Goal Same = new(Ratio: 0.95, Against: Fastest);
    private static readonly (string Name, int Past, int Count)[] Works = [("prefill", 0, 128), ("decode", 128, 1)];

    public override string Section => SectionName;

    public override IReadOnlyList<string> Rows => [.. Works.SelectMany(work => LlamaSpelling.All.Select(spelling => Name(work.Name, spelling)))];

    public override IEnumerable<Measurement> Measure(IReadOnlyList<string> rows, int threads)
    {
        LlamaSpelling[] spellings = [.. LlamaSpelling.All];
        CameoEngine[] engines = [.. spellings.Select(spelling => new CameoEngine(OnnxCompiler.Build(files.Onnx(spelling), spelling.Dimensions).Load(), threads))];
        try
        {
            foreach ((string name, int past, int count) in Works.Where(work => spellings.Any(spelling => rows.Contains(Name(work.Name, spelling)))))
            {
                Progress.Say($"spellings, {name}, {threads} thread(s)");
                int[] tokens = LanguageModelGroup.Tokens(past + count, files.Shape.Vocabulary);
                foreach (CameoEngine engine in engines)
                {
                    if (past > 0)
                    {
                        engine.Feed(tokens.AsSpan(0, past), 0);
                    }

                    engine.Feed(tokens.AsSpan(past), past);
                    Comparison.Check($"{name}", engine.Logits(), engines[0].Logits(), Tolerance);
                }

                var all = new Measurement { Section = SectionName, Name = name, Threads = threads, Unit = "tok/s", Work = count, Engines = [] };
                all = Race.Run(all, [.. engines.Select((engine, index) => (spellings[index].Name, (Action)(() => engine.Feed(tokens.AsSpan(past), past))))], limit: null);
                EngineResult fastest = all.Engines.MinBy(static engine => engine.Median)!;
                for (int index = 0; index < spellings.Length; index++)
                {
                    yield return all with
                    {
                        Name = Name(name, spellings[index]),
                        Engines = [all.Engines[index] with { Engine = Measurement.Ours }, fastest with { Engine = Fastest }],
                        Goal = Same,
                    };
                }
            }
        }
        finally
        {
            foreach (CameoEngine engine in engines)
            {
                engine.Dispose();
            }
        }
    }

    private string Name(string work, LlamaSpelling spelling) => $"spelling-{work}-{files.Name}-{spelling.Name}";
}
