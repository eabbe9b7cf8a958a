using Cameo.Generator.Onnx;
using Cameo.Generator.Packing;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using MSBuildTask = Microsoft.Build.Utilities.Task;

namespace Cameo.Generator.Build;

/// <summary>
/// Writes each model's graph as text for the compiler, and the index of its weights for packing. A text is rewritten only when it differs, so a retrained model does not
/// compile again.
/// </summary>
public sealed class ImportModels : MSBuildTask
{
    // Reading this much takes long enough for a user to wonder.
    private const long ImportantBytes = 100_000_000;

    /// <summary>The <c>.onnx</c> files with their <c>Onnx…</c> metadata.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>Where texts and indices go.</summary>
    [Required]
    public string OutputFolder { get; set; } = "";

    /// <summary>The namespace of models without <c>OnnxNamespace</c>.</summary>
    public string DefaultNamespace { get; set; } = "";

    /// <summary>The weights' place for models without <c>OnnxWeights</c>.</summary>
    public string DefaultWeights { get; set; } = "";

    /// <summary>The graph texts, with metadata for <see cref="PackWeights"/>.</summary>
    [Output]
    public ITaskItem[] Texts { get; set; } = [];

    public override bool Execute()
    {
        List<ITaskItem> texts = [];
        Dictionary<string, string> classes = new(StringComparer.OrdinalIgnoreCase);
        Directory.CreateDirectory(OutputFolder);
        foreach (ITaskItem item in Models)
        {
            ModelItem? model = ModelItem.Read(item, DefaultNamespace, DefaultWeights, Log);
            if (model is null)
            {
                continue;
            }

            if (!classes.TryAdd(model.Class, model.Path))
            {
                Log.LogBuildError(
                    BuildDiagnosticIds.DuplicateClass,
                    model.Path,
                    $"The class '{model.Class}' would be made of this model and of '{classes[model.Class]}'. Give one of them another name with OnnxClass.");
                continue;
            }

            ImportedFiles files = new(OutputFolder, model.Class);
            Import(model, files);
            TaskItem text = new(files.Text);
            text.SetMetadata(ItemMetadata.Model, model.Path);
            text.SetMetadata(ItemMetadata.Index, files.Index);
            text.SetMetadata(ItemMetadata.WeightsMode, model.WeightsMode);
            texts.Add(text);
        }

        Texts = [.. texts];
        RemoveOthers(classes.Keys);
        return !Log.HasLoggedErrors;
    }

    /// <summary>Deletes what was made of models that the project no longer has: packed weights may be large.</summary>
    private void RemoveOthers(IReadOnlyCollection<string> classes)
    {
        foreach (string name in ImportedFiles.NamesIn(OutputFolder).Where(name => !classes.Contains(name, StringComparer.OrdinalIgnoreCase)))
        {
            foreach (string file in new ImportedFiles(OutputFolder, name).All)
            {
                File.Delete(file);
            }
        }
    }

    private void Import(ModelItem model, ImportedFiles files)
    {
        BuildState state = new();
        foreach (string option in model.Options.Keys.OrderBy(static option => option, StringComparer.Ordinal))
        {
            state.AddValue(option, model.Options[option]);
        }

        state.AddValue("model", model.Path);
        if (state.FindUnchanged(files.State) is not null)
        {
            Log.LogProgress(important: false, $"'{files.Text}' is up to date.");
            return;
        }

        try
        {
            long bytes = File.Exists(model.Path) ? new FileInfo(model.Path).Length : 0;
            Log.LogProgress(bytes >= ImportantBytes, $"Importing {Path.GetFileName(model.Path)} ({BuildLog.Megabytes(bytes)}) …");
            Import(model, files, state);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Log.LogBuildError(BuildDiagnosticIds.OutputFault, model.Path, $"The import can't write its files: {exception.Message}");
        }
    }

    private void Import(ModelItem model, ImportedFiles files, BuildState state)
    {
        // Stamped before reading: a model that is replaced meanwhile has another stamp afterwards and is imported again.
        state.AddFile(model.Path);
        state.Stamp();
        ImportResult result = ModelImporter.Import(model.Path, new ImportOptions { GraphOptions = model.Options });
        foreach (ImportDiagnostic diagnostic in result.Diagnostics)
        {
            if (diagnostic.Severity == ImportDiagnosticSeverity.Error)
            {
                Log.LogBuildError(diagnostic.Id, model.Path, diagnostic.Message);
            }
            else
            {
                Log.LogBuildWarning(diagnostic.Id, model.Path, diagnostic.Message);
            }
        }

        if (!result.Succeeded)
        {
            File.Delete(files.State);
            return;
        }

        StringWriter index = new();
        result.WeightIndex!.Write(index);
        AtomicFile.WriteTextIfChanged(files.Index, index.ToString());
        bool changed = AtomicFile.WriteTextIfChanged(files.Text, result.GraphText!);
        Log.LogProgress(important: false, changed ? $"'{files.Text}' was written." : $"'{files.Text}' has not changed.");
        foreach (string file in result.WeightIndex.ModelFiles(model.Path).Skip(1))
        {
            state.AddFile(file);
        }

        state.AddFile(files.Text);
        state.AddFile(files.Index);
        state.Write(files.State);
    }
}
