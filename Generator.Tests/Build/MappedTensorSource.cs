using Cameo.Generator.Packing;

namespace Cameo.Tests.Build;

/// <summary>Tensors that are used where they lie, as those of a mapped file are; none is read otherwise.</summary>
internal sealed class MappedTensorSource(MemoryTensorSource source) : IMappedTensorSource, IDisposable
{
    private readonly Dictionary<string, NativeBuffer> _mapped = [];

    public bool CanReadRanges(string tensor) => true;

    public void Read(string tensor, long offset, byte[] destination, int count) => throw new NotSupportedException(tensor);

    public Stream OpenRead(string tensor) => throw new NotSupportedException(tensor);

    public unsafe NativeBuffer? TryMap(string tensor)
    {
        if (!_mapped.TryGetValue(tensor, out NativeBuffer? memory))
        {
            byte[] data = source[tensor];
            memory = new NativeBuffer(data.Length);
            data.CopyTo(new Span<byte>(memory.Pointer, data.Length));
            _mapped.Add(tensor, memory);
        }

        return memory;
    }

    public void RequireLengths()
    {
    }

    public void Dispose()
    {
        foreach (NativeBuffer memory in _mapped.Values)
        {
            memory.Dispose();
        }
    }
}
