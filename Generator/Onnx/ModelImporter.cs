// The compiler itself may not read files (RS1035). The import runs in a build task before it.
#pragma warning disable RS1035

using Cameo.Generator.Onnx.Proto;

namespace Cameo.Generator.Onnx;

/// <summary>
/// Turns a model into the graph text that the compiler reads and the index of where its weights lie. The file is walked, not loaded: memory is bounded by
/// the graph's structure, whatever the size of the tensors.
/// </summary>
internal static class ModelImporter
{
    /// <summary>The newest IR version that the schema describes.</summary>
    private const long NewestVersion = 14;

    // A damaged file can have thousands of faulty tensors; the first ones tell enough.
    private const int MaximumErrors = 20;

    /// <summary>Imports a file; external data are looked up relative to its folder. Whatever is wrong with the files becomes a diagnostic.</summary>
    public static ImportResult Import(string path, ImportOptions options)
    {
        try
        {
            using FileStream stream = ModelFolder.OpenModel(path);
            return Import(stream, FolderOf(path), options);
        }
        catch (ImportException exception)
        {
            return Failure([], exception.Id, exception.Message);
        }
    }

    /// <summary>Imports a seekable stream; external data are looked up in the folder, if there is one.</summary>
    public static ImportResult Import(Stream stream, string? folder, ImportOptions options)
    {
        List<ImportDiagnostic> diagnostics = [];
        try
        {
            return Import(stream, folder, options, diagnostics);
        }
        catch (ImportException exception)
        {
            return Failure(diagnostics, exception.Id, exception.Message);
        }
        catch (Exception exception) when (ModelFolder.IsFileFault(exception))
        {
            return Failure(diagnostics, ImportDiagnosticIds.UnreadableFile, "The model can't be read: " + exception.Message);
        }
        catch (Exception exception)
        {
            return Failure(diagnostics, ImportDiagnosticIds.InternalError, "The import failed in an unexpected way, please report it: " + exception);
        }
    }

    public static string FolderOf(string modelPath) => Path.GetDirectoryName(Path.GetFullPath(modelPath)) ?? Path.GetPathRoot(Path.GetFullPath(modelPath))!;

    private static ImportResult Import(Stream stream, string? folder, ImportOptions options, List<ImportDiagnostic> diagnostics)
    {
        StructureBudget budget = new();
        ModelWalker walker = new(new WireReader(stream), budget);
        ModelProto model = walker.ReadModel();
        if (model.Graph is null)
        {
            throw new ImportException(ImportDiagnosticIds.NoGraph, "The file has no graph: it is not an ONNX model, or an empty one.");
        }

        AddWarnings(model, options, diagnostics);
        using ExternalFiles externalFiles = new(new ModelFolder(folder));
        TensorImporter importer = new(stream, externalFiles, walker.Locations, ShapeInputs.Find(model), budget, options);
        ImportTensors(importer, model, diagnostics);
        return diagnostics.Any(static diagnostic => diagnostic.Severity == ImportDiagnosticSeverity.Error)
            ? new ImportResult(null, null, diagnostics)
            : new ImportResult(GraphTextWriter.Write(model), importer.Index, diagnostics);
    }

    private static void AddWarnings(ModelProto model, ImportOptions options, List<ImportDiagnostic> diagnostics)
    {
        if (model.IrVersion > NewestVersion)
        {
            diagnostics.Add(new ImportDiagnostic(
                ImportDiagnosticIds.NewerVersion,
                ImportDiagnosticSeverity.Warning,
                FormattableString.Invariant($"The model has IR version {model.IrVersion}; {NewestVersion} is the newest known one. What is new in it is ignored.")));
        }

        foreach (string key in GraphOptions.Replace(model, options.GraphOptions))
        {
            diagnostics.Add(new ImportDiagnostic(
                ImportDiagnosticIds.ReservedMetadata,
                ImportDiagnosticSeverity.Warning,
                $"The model's metadata entry '{key}' is ignored: options come from the project alone."));
        }
    }

    private static void ImportTensors(TensorImporter importer, ModelProto model, List<ImportDiagnostic> diagnostics)
    {
        int errors = 0;
        foreach (NamedTensor tensor in ModelTensors.Find(model))
        {
            try
            {
                importer.Import(tensor);
            }
            catch (ImportException exception) when (exception.Id != ImportDiagnosticIds.GraphTooLarge)
            {
                diagnostics.Add(new ImportDiagnostic(exception.Id, ImportDiagnosticSeverity.Error, $"Tensor '{tensor.Path}': {exception.Message}"));
                if (++errors == MaximumErrors)
                {
                    return;
                }
            }
        }
    }

    private static ImportResult Failure(List<ImportDiagnostic> diagnostics, string id, string message)
        => new(null, null, [.. diagnostics, new ImportDiagnostic(id, ImportDiagnosticSeverity.Error, message)]);
}
