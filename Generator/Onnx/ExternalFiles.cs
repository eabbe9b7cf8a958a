namespace Cameo.Generator.Onnx;

/// <summary>The files of external data while a model is imported. One is open at a time: some exporters write a file for each tensor.</summary>
internal sealed class ExternalFiles(ModelFolder folder) : IDisposable
{
    /// <summary>
    /// How often a file may be read over. Tensors that share bytes need it to be more than one; a hostile model could have a million tensors of the
    /// same gigabytes, and the facts of what is beyond are simply not known.
    /// </summary>
    private const int MaximumPasses = 4;

    private readonly Dictionary<string, long> _scanned = new(StringComparer.Ordinal);
    private string? _openLocation;
    private FileStream? _open;

    /// <exception cref="ImportException">The file can't be opened.</exception>
    public FileStream Open(string location)
    {
        if (_open is null || _openLocation != location)
        {
            Dispose();
            _open = folder.OpenExternal(location);
            _openLocation = location;
        }

        return _open;
    }

    /// <summary>Whether a number of bytes of the open file may still be read for facts.</summary>
    public bool TryScan(long bytes)
    {
        _scanned.TryGetValue(_openLocation!, out long scanned);
        if (bytes > (MaximumPasses * _open!.Length) - scanned)
        {
            return false;
        }

        _scanned[_openLocation!] = scanned + bytes;
        return true;
    }

    public void Dispose()
    {
        _open?.Dispose();
        _open = null;
    }
}
