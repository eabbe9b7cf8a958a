using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>
/// The elements of a weight expression in row-major order, computed as they are read. Any range can be read at any time and from several threads, which is what
/// lets packing work on many parts of a tensor at once while the file is written from front to back.
/// </summary>
internal abstract unsafe class ElementReader(ElementType elementType, long count)
{
    public ElementType ElementType { get; } = elementType;

    public long Count { get; } = count;

    /// <summary>Bytes of one element; types of less than a byte are widened to one.</summary>
    public int ElementBytes { get; } = elementType.Bytes();

    /// <summary>Writes <paramref name="count"/> elements from <paramref name="first"/> on to <paramref name="destination"/>.</summary>
    public abstract void Read(long first, long count, byte* destination);

    /// <summary>Writes <paramref name="runs"/> times <paramref name="run"/> elements that all follow each other here; each run goes <paramref name="pitch"/> bytes behind the one before.</summary>
    public virtual void ReadRuns(long first, long run, long runs, byte* destination, long pitch)
    {
        for (long index = 0; index < runs; index++)
        {
            Read(first + (index * run), run, destination + (index * pitch));
        }
    }
}
