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

        // Eight bytes at a time: the lower seven bits can't carry into the next byte, the highest is added without its carry.
        const ulong lower = 0x7F7F_7F7F_7F7F_7F7F;
        ulong offsets = _offset * 0x0101_0101_0101_0101UL;
        long index = 0;
        for (; index + 8 <= count; index += 8)
        {
            ulong bytes = *(ulong*)(destination + index);
            *(ulong*)(destination + index) = ((bytes & lower) + (offsets & lower)) ^ ((bytes ^ offsets) & ~lower);
        }

        for (; index < count; index++)
        {
            destination[index] = unchecked((byte)(destination[index] + _offset));
        }
    }
}
