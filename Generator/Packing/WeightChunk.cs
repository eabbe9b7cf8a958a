namespace Cameo.Generator.Packing;

/// <summary>Consecutive bytes of a weight file, from one or more readers.</summary>
internal sealed unsafe class WeightChunk(int capacity)
{
    private readonly List<Part> _parts = [];

    /// <summary>Bytes that its parts fill.</summary>
    public int Bytes { get; private set; }

    /// <summary>Bytes that still have room.</summary>
    public int Room => capacity - Bytes;

    /// <summary>Appends elements of a reader, which have room.</summary>
    public void Add(ElementReader reader, long first, long count)
    {
        _parts.Add(new Part(reader, first, count, Bytes));
        Bytes += (int)(count * reader.ElementBytes);
    }

    /// <summary>Appends zero bytes, which have room.</summary>
    public void AddZeros(int bytes)
    {
        _parts.Add(new Part(null, 0, bytes, Bytes));
        Bytes += bytes;
    }

    /// <summary>Computes all bytes.</summary>
    public void Compute(byte* destination)
    {
        foreach (Part part in _parts)
        {
            if (part.Reader is null)
            {
                new Span<byte>(destination + part.Offset, (int)part.Count).Clear();
            }
            else
            {
                part.Reader.Read(part.First, part.Count, destination + part.Offset);
            }
        }
    }

    /// <summary>Elements of a reader, or so many zero bytes where there is none.</summary>
    private readonly record struct Part(ElementReader? Reader, long First, long Count, int Offset);
}
