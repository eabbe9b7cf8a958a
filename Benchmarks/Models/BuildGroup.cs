using System.Diagnostics;
using Cameo.Benchmarks.LanguageModels;
using Cameo.Benchmarks.LanguageModels.Spellings;
using Cameo.Benchmarks.Reports;
using Cameo.Benchmarks.Suite;
using Cameo.Generator;
using Cameo.Generator.Onnx;
using Cameo.Generator.Packing;

namespace Cameo.Benchmarks.Models;

/// <summary>What building a language model costs: import, the compiler, packing of its weights (from files the system has in memory), and the size of what comes out.</summary>
internal sealed class BuildGroup(LlamaFiles files) : WorkGroup
{
    private const string SectionName = "build";
    private const int Rounds = 5;

    public override string Section => SectionName;

    public override IReadOnlyList<string> Rows => [$"build import {files.Name}", $"build compiler {files.Name}", $"build packing {files.Name}", $"build source {files.Name}"];

    public override IEnumerable<Measurement> Measure(IReadOnlyList<string> rows, int threads)
    {
        Progress.Say($"building {files.Name}, {threads} thread(s)");
        string path = files.Onnx(files.FourBits ? new ContribSpelling() : LlamaSpelling.All[0]);
        List<double> imports = [], compilations = [], packings = [];
        CompileResult? result = null;
        string packed = Path.Combine(BenchmarkFolder.Get("build", static _ => { }), $"{files.Name}.weights");
        for (int round = 0; round <= Rounds; round++)
        {
            // The first round reads files into the system's memory and compiles the compiler; it does not count.
            long start = Stopwatch.GetTimestamp();
            ImportResult import = ModelImporter.Import(path, new ImportOptions { GraphOptions = OnnxCompiler.Options("Built") });
            double imported = Stopwatch.GetElapsedTime(start).TotalSeconds;
            start = Stopwatch.GetTimestamp();
            result = Generator.ModelCompiler.Compile(import.GraphText!, new CompileSettings());
            double compiled = Stopwatch.GetElapsedTime(start).TotalSeconds;

            // As in a first build. Beside the last round's file, not yet on the disk, a large one would pass what the system keeps in memory, and wait for the disk.
            File.Delete(packed);
            start = Stopwatch.GetTimestamp();
            using (ModelTensorSource source = new(import.WeightIndex!, path))
            {
                new WeightPacker(source, threads).Pack(result.Recipe!, packed, default);
            }

            if (round > 0)
            {
                imports.Add(imported);
                compilations.Add(compiled);
                packings.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }

        File.Delete(packed);
        long sourceBytes = result!.Sources.Sum(static source => (long)source.Text.Length);
        Measurement row(int index, string unit, double work, IReadOnlyList<double> values) => new()
        {
            Section = SectionName, Name = Rows[index], Threads = threads, Unit = unit, Work = work, Rounds = Rounds, Engines = [EngineResult.Of(Measurement.Ours, Timing.Of([.. values]))],
        };
        Measurement[] all = [row(0, "ms", 1, imports), row(1, "ms", 1, compilations), row(2, "GB/s", result.Recipe!.PayloadBytes / 1e9, packings), row(3, "KiB", 1, [1024.0 / sourceBytes])];
        return all.Where((measurement, index) => rows.Contains(measurement.Name) && (threads == 1 || index == 2));
    }
}
