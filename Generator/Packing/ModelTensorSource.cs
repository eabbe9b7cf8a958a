using System.Collections.Concurrent;
using Cameo.Generator.Onnx;

namespace Cameo.Generator.Packing;

/// <summary>The tensors of a model's files by the import's index. Each thread that reads gets a reader of its own, with its own open file.</summary>
internal sealed class ModelTensorSource(WeightIndex index, string modelPath) : ITensorSource, IDisposable
{
    private readonly ConcurrentBag<WeightSourceReader> _idle = [];
    private readonly ConcurrentBag<WeightSourceReader> _all = [];

    public bool CanReadRanges(string tensor) => !index.TryGet(tensor, out Onnx.WeightEntry? entry) || entry!.Storage == WeightStorage.Raw;

    public void Read(string tensor, long offset, byte[] destination, int count)
    {
        WeightSourceReader reader = Take();
        reader.Read(tensor, offset, destination, count);

        // A reader that failed is not used again; it is still disposed of at the end.
        _idle.Add(reader);
    }

    public Stream OpenRead(string tensor) => Take().OpenRead(tensor);

    public void Dispose()
    {
        foreach (WeightSourceReader reader in _all)
        {
            reader.Dispose();
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
