using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>The same element again and again.</summary>
internal sealed unsafe class FillReader(byte[] element, ElementType elementType, long count) : ElementReader(elementType, count)
{
    public override void Read(long first, long count, byte* destination)
    {
        long bytes = count * ElementBytes;
        if (bytes == 0)
        {
            return;
        }

        for (int index = 0; index < ElementBytes; index++)
        {
            destination[index] = element[index];
        }

        // Doubles what is filled until all is.
        for (long filled = ElementBytes; filled < bytes; filled *= 2)
        {
            Buffer.MemoryCopy(destination, destination + filled, bytes - filled, Math.Min(filled, bytes - filled));
        }
    }
}
