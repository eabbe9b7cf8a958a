using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Cameo.Benchmarks.Peers;
using Cameo.Benchmarks.Reports;
using Cameo.Sessions;

namespace Cameo.Benchmarks.Suite;

/// <summary>A program compiled ahead of time: from the start of its process to the printed result, with either engine in the same program.</summary>
internal sealed class StartUpGroup : WorkGroup
{
    private const double Tolerance = 1e-4;

    // Goals of the row: 30 ms, and a third of the peer's time.
    private const double GoalSeconds = 0.030;

    public override string Section => "start";

    public override IReadOnlyList<string> Rows => ["start digits, ahead of time"];

    public override IEnumerable<Measurement> Measure(IReadOnlyList<string> rows, int threads)
    {
        if (threads > 1)
        {
            yield break;
        }

        string model = Path.Combine(Repository(), "Models", "digits", "digits.onnx");
        OnnxRuntimePackage.Restore();
        string program = Path.Combine(Publish(), "cameo-start-up");
        double difference = Comparison.Check("digits", Run(program), Run(program, model), Tolerance);
        var row = new Measurement
        {
            Section = Section, Name = Rows[0], Threads = threads, Unit = "ms", Engines = [], Difference = difference, Goal = new Goal(Ratio: 3, Share: 1),
            Limit = new EngineResult("goal", GoalSeconds, GoalSeconds),
        };
        Measurement measured = Race.Run(row, [(Measurement.Ours, () => Run(program)), ("ONNX Runtime", () => Run(program, model))], limit: null);
        yield return measured with { Limit = row.Limit };
    }

    /// <summary>Publishes the program, once for each state of the library and the compiler.</summary>
    private static string Publish()
    {
        string identity = $"{typeof(CompiledModel).Module.ModuleVersionId:N}"[..8] + $"{typeof(Generator.ModelCompiler).Module.ModuleVersionId:N}"[..8];
        string folder = BenchmarkFolder.Get(Path.Combine("compiled", $"start-up-{identity}"), folder =>
        {
            Progress.Say("publishing the program for starts, ahead of time");
            string project = Path.Combine(Repository(), "Benchmarks", "StartUp");
            var start = new ProcessStartInfo("dotnet", ["publish", project, "-c", "Release", "-o", folder, "-v", "q", "--nologo"]) { RedirectStandardOutput = true };
            start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
            using Process process = Process.Start(start)!;
            string log = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException($"The program for starts can't be published: {log.Split('\n').FirstOrDefault(static line => line.Contains("error", StringComparison.Ordinal))}");
            }
        });
        BenchmarkFolder.KeepNewest("compiled", "start-up-????????????????", 2);
        return folder;
    }

    private static float[] Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string text = process.StandardOutput.ReadLine() ?? "";
        process.WaitForExit();
        return process.ExitCode == 0
            ? [.. text.Split(' ').Select(static score => float.Parse(score, CultureInfo.InvariantCulture))]
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with exit code {process.ExitCode}.");
    }

    private static string Repository([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", ".."));
}
