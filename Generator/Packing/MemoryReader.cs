using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>Elements that lie in memory in order.</summary>
internal sealed unsafe class MemoryReader(NativeBuffer memory, ElementType elementType, long count) : ElementReader(elementType, count)
{
    public NativeBuffer Memory { get; } = memory;

    public override void Read(long first, long count, byte* destination)
    {
        long bytes = count * ElementBytes;
        Buffer.MemoryCopy(Memory.Pointer + (first * ElementBytes), destination, bytes, bytes);
    }
}
