using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>Bytes plus a number, wrapping.</summary>
internal sealed unsafe class OffsetReader : ElementReader
{
    private readonly ElementReader _input;
    private readonly byte _offset;

    public OffsetReader(ElementReader input, int offset, ElementType elementType)
        : base(elementType, input.Count)
    {
        if (input.ElementBytes != 1 || ElementBytes != 1)
        {
            throw new PackingException($"Weights of type {input.ElementType.OnnxName()} can't be given an offset.");
        }

        _input = input;
        _offset = unchecked((byte)offset);
    }

    public override void Read(long first, long count, byte* destination)
    {
        _input.Read(first, count, destination);
        for (long index = 0; index < count; index++)
        {
            destination[index] = unchecked((byte)(destination[index] + _offset));
        }
    }
}
