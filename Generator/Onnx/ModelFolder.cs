// The compiler itself may not read files (RS1035). The import runs in a build task before it.
#pragma warning disable RS1035

namespace Cameo.Generator.Onnx;

/// <summary>Opens the files of a model: the model itself and the external data in its folder or below.</summary>
/// <param name="path">The folder; null if the model has none, as when it comes from memory.</param>
internal sealed class ModelFolder(string? path)
{
    /// <exception cref="ImportException">The file can't be opened.</exception>
    public static FileStream OpenModel(string path)
    {
        try
        {
            return Open(path);
        }
        catch (Exception exception) when (IsFileFault(exception))
        {
            throw new ImportException(ImportDiagnosticIds.UnreadableFile, $"The model '{path}' can't be read: {exception.Message}");
        }
    }

    /// <exception cref="ImportException">The location lies outside the folder, or the file can't be opened.</exception>
    public FileStream OpenExternal(string location)
    {
        string file = Resolve(location);
        try
        {
            return Open(file);
        }
        catch (Exception exception) when (IsFileFault(exception))
        {
            throw new ImportException(
                ImportDiagnosticIds.ExternalDataUnreadable,
                $"The file of external data '{location}' can't be read: {exception.Message}");
        }
    }

    public static bool IsFileFault(Exception exception)
        => exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException or System.Security.SecurityException;

    /// <summary>
    /// The path of external data. The check is one of names: a link in the model's folder was put there by its owner (download caches are full of
    /// them), whereas the location comes with the model.
    /// </summary>
    private string Resolve(string location)
    {
        if (path is null)
        {
            throw new ImportException(
                ImportDiagnosticIds.ExternalDataUnreadable,
                $"The external data '{location}' can't be found, since the model does not come from a file.");
        }

        // Both separators count on every machine, as does a drive letter: a model must not be safe on one and not on another.
        string[] parts = location.Split('/', '\\');
        bool rooted = parts[0].Length == 0 || location.Contains(':');
        if (rooted || parts.Contains("..") || location.Contains('\0'))
        {
            throw new ImportException(
                ImportDiagnosticIds.ExternalDataOutsideFolder,
                $"The external data '{location.Replace('\0', ' ')}' do not lie in the model's folder; only paths relative to it, without '..', are read.");
        }

        return Path.Combine(path, Path.Combine(parts));
    }

    private static FileStream Open(string file) => new(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
}
