using Cameo.Memory;

namespace Cameo.Sequences;

/// <summary>A tensor that sequences of a session share; nothing changes it once it is written. Its memory is used again when no sequence holds it.</summary>
internal sealed unsafe class SequenceItem(int sizeClass, long bytes)
{
    private readonly Arena _memory = new(bytes);
    private long[] _shape = new long[8];

    /// <summary>Which of the pool's lists it belongs to.</summary>
    public int SizeClass { get; } = sizeClass;

    /// <summary>How many sequences hold it.</summary>
    public int References { get; set; }

    /// <summary>First element.</summary>
    public byte* Data => _memory.Pointer;

    /// <summary>Number of dimensions.</summary>
    public int Rank { get; private set; }

    /// <summary>Sizes of the dimensions.</summary>
    public ReadOnlySpan<long> Shape => _shape.AsSpan(0, Rank);

    /// <summary>States the sizes; room for them is there already, unless there are more than ever before.</summary>
    public void SetShape(ReadOnlySpan<long> shape)
    {
        if (shape.Length > _shape.Length)
        {
            _shape = new long[shape.Length];
        }

        shape.CopyTo(_shape);
        Rank = shape.Length;
    }
}
