using System.Collections.Concurrent;
using System.Diagnostics;
using Cameo.Generator.Onnx;

namespace Cameo.Generator.Packing;

/// <summary>
/// The tensors of a model's files by the import's index. What a file holds as it is needed is mapped; for the rest each thread that reads gets a reader of its own, with its
/// own open file.
/// </summary>
internal sealed class ModelTensorSource(WeightIndex index, string modelPath) : IMappedTensorSource, IDisposable
{
    // Some exporters write a file for each tensor: hundreds to ask.
    private const int CheckMilliseconds = 10;

    private readonly Dictionary<int, MappedFile?> _mapped = [];
    private readonly ConcurrentBag<WeightSourceReader> _idle = [];
    private readonly ConcurrentBag<WeightSourceReader> _all = [];
    private Stopwatch? _sinceCheck;

    public bool CanReadRanges(string tensor) => !index.TryGet(tensor, out Onnx.WeightEntry? entry) || entry!.Storage == WeightStorage.Raw;

    public void Read(string tensor, long offset, byte[] destination, int count)
    {
        WeightSourceReader reader = Take();
        reader.Read(tensor, offset, destination, count);

        // A reader that failed is not used again; it is still disposed of at the end.
        _idle.Add(reader);
    }

    public NativeBuffer? TryMap(string tensor)
    {
        // An address space of 32 bits has no room for whole files.
        if (IntPtr.Size < sizeof(long) || !index.TryGet(tensor, out Onnx.WeightEntry? entry) || entry!.Storage != WeightStorage.Raw)
        {
            return null;
        }

        lock (_mapped)
        {
            if (!_mapped.TryGetValue(entry.File, out MappedFile? file))
            {
                file = TryMap(entry.File);
                _mapped.Add(entry.File, file);
            }

            if (file is null)
            {
                return null;
            }

            index.RequireLength(entry.File, file.Length);
            return file.Region(entry.Offset, entry.ByteLength);
        }
    }

    public void RequireLengths()
    {
        lock (_mapped)
        {
            if (_sinceCheck is { ElapsedMilliseconds: < CheckMilliseconds })
            {
                return;
            }

            _sinceCheck = Stopwatch.StartNew();
            foreach (KeyValuePair<int, MappedFile?> mapped in _mapped)
            {
                if (mapped.Value is { } file)
                {
                    index.RequireLength(mapped.Key, file.Length);
                }
            }
        }
    }

    public Stream OpenRead(string tensor) => Take().OpenRead(tensor);

    public void Dispose()
    {
        foreach (WeightSourceReader reader in _all)
        {
            reader.Dispose();
        }

        lock (_mapped)
        {
            foreach (MappedFile? file in _mapped.Values)
            {
                file?.Dispose();
            }

            _mapped.Clear();
        }
    }

    /// <summary>Null where a file can't be mapped, as on some network file systems; what can't be read at all is told by the reader that tries next.</summary>
    private MappedFile? TryMap(int file)
    {
        FileStream stream = file == 0 ? ModelFolder.OpenModel(modelPath) : new ModelFolder(ModelImporter.FolderOf(modelPath)).OpenExternal(index.Files[file]);
        try
        {
            index.RequireLength(file, stream.Length);
            return new MappedFile(stream);
        }
        catch (Exception exception) when (ModelFolder.IsFileFault(exception))
        {
            stream.Dispose();
            return null;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    private WeightSourceReader Take()
    {
        if (!_idle.TryTake(out WeightSourceReader? reader))
        {
            reader = new WeightSourceReader(index, modelPath);
            _all.Add(reader);
        }

        return reader;
    }
}
