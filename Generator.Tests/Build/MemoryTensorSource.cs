using Cameo.Generator.Packing;

namespace Cameo.Tests.Build;

/// <summary>Tensors from arrays, in place of a model's files.</summary>
internal sealed class MemoryTensorSource(bool canReadRanges = true) : ITensorSource
{
    private readonly Dictionary<string, byte[]> _tensors = [];

    public void Add(string name, byte[] data) => _tensors.Add(name, data);

    public byte[] this[string name] => _tensors[name];

    public bool CanReadRanges(string tensor) => canReadRanges;

    public void Read(string tensor, long offset, byte[] destination, int count) => Array.Copy(_tensors[tensor], offset, destination, 0, count);

    public Stream OpenRead(string tensor) => new MemoryStream(_tensors[tensor], writable: false);
}
