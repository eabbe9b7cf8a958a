using System.Diagnostics;
using Cameo.Generator.Onnx;
using Cameo.Generator.Packing;
using Cameo.Generator.Pipeline;
using Cameo.Generator.Reports;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using MSBuildTask = Microsoft.Build.Utilities.Task;

namespace Cameo.Generator.Build;

/// <summary>
/// Compiles each graph text as the generator does and carries out the recipe for its weights. What a model's compilation finds is left for the generator to report, which
/// compiles the same text.
/// </summary>
public sealed class PackWeights : MSBuildTask, ICancelableTask, IDisposable
{
    // The C# compiler holds resources in memory while it writes an assembly, and an assembly must stay below 2 GiB.
    private const long EmbeddedBytesLimit = 1L << 30;

    // Packing this much takes about as long as a user notices.
    private const long ImportantBytes = 500_000_000;

    private const string NoWeights = "";

    private readonly CancellationTokenSource _cancellation = new();

    /// <summary>The texts of <see cref="ImportModels"/>.</summary>
    [Required]
    public ITaskItem[] Texts { get; set; } = [];

    /// <summary>Where packed weights go.</summary>
    [Required]
    public string OutputFolder { get; set; } = "";

    /// <summary>Whether to write the graph after each pass into the folder <c>stages</c>.</summary>
    public bool DumpStages { get; set; }

    /// <summary>Whether to write a report of each model.</summary>
    public bool Report { get; set; }

    /// <summary>The packed files, with the metadata <c>TargetPath</c> and <c>CameoWeightsMode</c>.</summary>
    [Output]
    public ITaskItem[] Weights { get; set; } = [];

    /// <summary>The compiler, which tests replace.</summary>
    internal OnnxGenerator.CompileFunction Compile { get; set; } = ModelCompiler.Compile;

    public void Cancel() => _cancellation.Cancel();

    public void Dispose() => _cancellation.Dispose();

    public override bool Execute()
    {
        List<ITaskItem> weights = [];
        foreach (ITaskItem text in Texts)
        {
            try
            {
                string file = Pack(text);
                if (file != NoWeights)
                {
                    TaskItem item = new(file);
                    item.SetMetadata("TargetPath", Path.GetFileName(file));
                    item.SetMetadata(ItemMetadata.WeightsMode, text.GetMetadata(ItemMetadata.WeightsMode));
                    weights.Add(item);
                    CheckSize(text, file);
                }
            }
            catch (OperationCanceledException)
            {
                return false;
            }
            catch (ImportException exception)
            {
                Log.LogBuildError(exception.Id, text.GetMetadata(ItemMetadata.Model), exception.Message);
            }
            catch (Exception exception) when (exception is PackingException or IOException or UnauthorizedAccessException or FormatException)
            {
                Log.LogBuildError(BuildDiagnosticIds.PackingFailed, text.GetMetadata(ItemMetadata.Model), $"The weights can't be packed: {exception.Message}");
            }
        }

        Weights = [.. weights];
        return !Log.HasLoggedErrors;
    }

    /// <summary>Packs one model's weights and returns the file, or <see cref="NoWeights"/>.</summary>
    private string Pack(ITaskItem text)
    {
        string model = text.GetMetadata(ItemMetadata.Model);
        ImportedFiles files = new(OutputFolder, new GraphText(text.ItemSpec, "").Name);
        BuildState state = new();
        state.AddValue("model", model);
        state.AddValue("stages", DumpStages ? "yes" : "no");
        state.AddValue("report", Report ? "yes" : "no");
        if (state.FindUnchanged(files.PackingState) is { Results: [var earlier] })
        {
            Log.LogProgress(important: false, earlier == NoWeights ? $"'{model}' has no weights to pack." : $"'{earlier}' is up to date.");
            return earlier;
        }

        WeightIndex index = ReadIndex(files.Index);
        state.AddFile(files.Text);
        state.AddFile(files.Index);
        foreach (string file in index.ModelFiles(model))
        {
            state.AddFile(file);
        }

        state.Stamp();
        CompileResult? result = TryCompile(File.ReadAllText(files.Text));
        if (result is null || !result.Succeeded)
        {
            Log.LogProgress(important: false, $"'{model}' does not compile; no weights are packed.");
            return NoWeights;
        }

        DumpStagesOf(result);
        WriteReport(result, files, state);
        string packed = NoWeights;
        if (result.Recipe is { PayloadBytes: var bytes } recipe)
        {
            packed = Path.Combine(OutputFolder, result.WeightsFileName);
            Log.LogProgress(bytes >= ImportantBytes, $"Packing {result.WeightsFileName} ({BuildLog.Megabytes(bytes)}) …");
            Stopwatch packing = Stopwatch.StartNew();
            using ModelTensorSource source = new(index, model);
            new WeightPacker(source, Environment.ProcessorCount, (done, total) => ReportProgress(result, done, total)).Pack(recipe, packed, _cancellation.Token);
            double seconds = packing.Elapsed.TotalSeconds;
            Log.LogProgress(bytes >= ImportantBytes, FormattableString.Invariant($"Packed {result.WeightsFileName} in {seconds:0.0} s ({bytes / 1e9 / seconds:0.00} GB/s)."));
            state.AddFile(packed);
        }

        state.AddResult(packed);
        state.Write(files.PackingState);
        return packed;
    }

    private CompileResult? TryCompile(string text)
    {
        try
        {
            return Compile(text, new CompileSettings { DumpStages = DumpStages, Report = Report }, _cancellation.Token);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // The generator meets the same exception and reports it; here it would only be said twice.
            Log.LogMessage(MessageImportance.Low, "{0}", exception.ToString());
            return null;
        }
    }

    private void ReportProgress(CompileResult result, long done, long total)
        => Log.LogProgress(important: true, FormattableString.Invariant($"Packing {result.WeightsFileName}: {done * 100 / total} % of {BuildLog.Megabytes(total)}"));

    private void DumpStagesOf(CompileResult result)
    {
        if (!DumpStages)
        {
            return;
        }

        string folder = Path.Combine(OutputFolder, "stages", Path.GetFileNameWithoutExtension(result.WeightsFileName));
        Directory.CreateDirectory(folder);
        for (int number = 0; number < result.Stages.Count; number++)
        {
            string file = Path.Combine(folder, FormattableString.Invariant($"{number:00}-{result.Stages[number].Stage.Replace(' ', '-')}.txt"));
            AtomicFile.WriteTextIfChanged(file, result.Stages[number].Text);
        }
    }

    private void WriteReport(CompileResult result, ImportedFiles files, BuildState state)
    {
        if (result.Report is not { } report)
        {
            return;
        }

        AtomicFile.WriteTextIfChanged(files.Reports[0], ReportPage.Write(report));
        AtomicFile.WriteTextIfChanged(files.Reports[1], ReportMarkdown.Write(report));
        Log.LogProgress(important: true, $"Report of {result.ClassName}: {files.Reports[0]}");
        foreach (string file in files.Reports)
        {
            state.AddFile(file);
        }
    }

    private void CheckSize(ITaskItem text, string file)
    {
        long bytes = new FileInfo(file).Length;
        if (text.GetMetadata(ItemMetadata.WeightsMode) == "embed" && bytes > EmbeddedBytesLimit)
        {
            Log.LogBuildError(
                BuildDiagnosticIds.TooLargeToEmbed,
                text.GetMetadata(ItemMetadata.Model),
                $"The packed weights have {BuildLog.Megabytes(bytes)}; at most {BuildLog.Megabytes(EmbeddedBytesLimit)} can be embedded. Use OnnxWeights=\"file\".");
        }
    }

    private static WeightIndex ReadIndex(string path)
    {
        using StreamReader reader = new(path);
        return WeightIndex.Read(reader);
    }
}
