using System.Diagnostics.CodeAnalysis;

namespace Cameo.Generator.Onnx;

/// <summary>
/// Reads the elements of a model's large tensors from their files. A reader is used by one thread at a time; packing with several threads needs one each.
/// </summary>
internal sealed class WeightSourceReader : IDisposable
{
    private readonly WeightIndex _index;
    private readonly string _modelPath;
    private readonly ModelFolder _folder;
    private int _openFile = -1;
    private FileStream? _open;

    public WeightSourceReader(WeightIndex index, string modelPath)
    {
        _index = index;
        _modelPath = modelPath;
        _folder = new ModelFolder(ModelImporter.FolderOf(modelPath));
    }

    /// <summary>A tensor's raw little-endian elements, to be read once from front to back before the reader is used again.</summary>
    /// <exception cref="ImportException">The file can't be opened, or the index does not know the name.</exception>
    public Stream OpenRead(string name)
    {
        WeightEntry entry = Entry(name);
        return WeightStreams.Open(FileOf(entry), entry);
    }

    /// <summary>Reads all of a tensor, which must have less than 2 GiB.</summary>
    /// <exception cref="ImportException">The tensor can't be read, or the file no longer has its data.</exception>
    public byte[] Read(string name)
    {
        WeightEntry entry = Entry(name);
        byte[] data = new byte[entry.ByteLength];
        Read(name, 0, data);
        return data;
    }

    /// <summary>Reads the part of a tensor that begins at a byte offset of its raw elements.</summary>
    /// <exception cref="ImportException">The tensor can't be read, or the file no longer has its data.</exception>
    public void Read(string name, long offset, byte[] destination) => Read(name, offset, destination, destination.Length);

    /// <summary>Reads as many bytes of a tensor as asked for, from a byte offset of its raw elements on.</summary>
    /// <exception cref="ImportException">The tensor can't be read, or the file no longer has its data.</exception>
    public void Read(string name, long offset, byte[] destination, int count)
    {
        WeightEntry entry = Entry(name);
        if (offset < 0 || count > entry.ByteLength - offset)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), $"The range does not lie within the {entry.ByteLength} bytes of '{name}'.");
        }

        try
        {
            using Stream stream = OpenRange(entry, offset);
            stream.ReadFully(destination, count);
        }
        catch (Exception exception) when (ModelFolder.IsFileFault(exception))
        {
            throw new ImportException(ImportDiagnosticIds.ExternalDataUnreadable, $"The tensor '{name}' can't be read: {exception.Message}");
        }
    }

    public void Dispose()
    {
        _open?.Dispose();
        _open = null;
        _openFile = -1;
    }

    private Stream OpenRange(WeightEntry entry, long offset)
    {
        FileStream file = FileOf(entry);
        if (entry.Storage == WeightStorage.Raw)
        {
            return new RegionStream(file, entry.Offset + offset, entry.Length - offset);
        }

        // Elements of varying length have to be decoded up to the offset.
        Stream stream = WeightStreams.Open(file, entry);
        byte[] skipped = new byte[(int)Math.Min(offset, 1 << 16)];
        for (long left = offset; left > 0; left -= Math.Min(left, skipped.Length))
        {
            stream.ReadFully(skipped, (int)Math.Min(left, skipped.Length));
        }

        return stream;
    }

    private WeightEntry Entry(string name)
        => _index.TryGet(name, out WeightEntry? entry)
            ? entry!
            : throw new ImportException(ImportDiagnosticIds.InternalError, $"The weight index has no tensor '{name}'.");

    [MemberNotNull(nameof(_open))]
    private FileStream FileOf(WeightEntry entry)
    {
        if (_open is null || _openFile != entry.File)
        {
            Dispose();
            _open = entry.File == 0 ? ModelFolder.OpenModel(_modelPath) : _folder.OpenExternal(_index.Files[entry.File]);
            _openFile = entry.File;
        }

        _index.RequireLength(entry.File, _open.Length);
        return _open;
    }
}
