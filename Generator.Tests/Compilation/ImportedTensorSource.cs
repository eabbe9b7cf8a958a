using Cameo.Generator.Onnx;
using Cameo.Generator.Packing;

namespace Cameo.Tests.Compilation;

/// <summary>The large tensors of a model in memory, by the index that its import made. Such a model has no other files.</summary>
internal sealed class ImportedTensorSource(WeightIndex index, byte[] model) : ITensorSource
{
    public bool CanReadRanges(string tensor) => !index.TryGet(tensor, out WeightEntry? entry) || entry!.Storage == WeightStorage.Raw;

    public void Read(string tensor, long offset, byte[] destination, int count)
    {
        using Stream stream = OpenRead(tensor);

        // Elements of varying length have to be decoded up to the offset.
        byte[] skipped = new byte[offset];
        stream.ReadExactly(skipped);
        stream.ReadExactly(destination, 0, count);
    }

    public Stream OpenRead(string tensor) => WeightStreams.Open(new MemoryStream(model, writable: false), index[tensor]);
}
