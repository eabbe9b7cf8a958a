using Cameo.Benchmarks.Reports;
using Cameo.Benchmarks.Suite;

namespace Cameo.Benchmarks.Footprints;

/// <summary>Peak memory of a model in a process of its own, and how long the process takes to the first result.</summary>
/// <param name="name">The model.</param>
/// <param name="makeWorks">One piece of work an engine, ours first.</param>
internal sealed class FootprintGroup(string name, Func<ChildWork[]> makeWorks) : WorkGroup
{
    private const string SectionName = "memory and load";
    private const int Processes = 5;

    public override string Section => SectionName;

    public override IReadOnlyList<string> Rows => [$"memory {name}", $"load {name}"];

    public override IEnumerable<Measurement> Measure(IReadOnlyList<string> rows, int threads)
    {
        if (threads > 1)
        {
            yield break;
        }

        Progress.Say($"memory and load of {name}");
        ChildWork[] works = makeWorks();
        Footprint[][] footprints = [.. works.Select(static _ => new Footprint[Processes])];
        for (int process = 0; process < Processes; process++)
        {
            for (int index = 0; index < works.Length; index++)
            {
                footprints[index][process] = ChildProcess.Start(works[index]);
            }
        }

        var row = new Measurement { Section = SectionName, Name = "", Threads = threads, Unit = "", Engines = [], Rounds = Processes };
        if (rows.Contains(Rows[0]))
        {
            yield return row with
            {
                Name = Rows[0],
                Unit = "MiB",
                Goal = new Goal(Ratio: 1, Against: "ONNX Runtime"),
                Engines = [.. works.Select((work, index) => new EngineResult(work.Engine, footprints[index].Max(static footprint => footprint.PeakBytes), footprints[index].Min(static footprint => footprint.PeakBytes)))],
            };
        }

        if (rows.Contains(Rows[1]))
        {
            yield return row with
            {
                Name = Rows[1],
                Unit = "ms",
                Engines = [.. works.Select((work, index) => EngineResult.Of(work.Engine, Timing.Of([.. footprints[index].Select(static footprint => footprint.LoadSeconds)])))],
            };
        }
    }
}
