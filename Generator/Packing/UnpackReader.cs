using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>Bytes as elements of 4 or 2 bits, lowest bits first, one to a byte; signed types extend their sign.</summary>
internal sealed unsafe class UnpackReader(ElementReader input, ElementType elementType) : ElementReader(elementType, input.Count * 8 / elementType.Bits())
{
    private const int BlockBytes = 4096;

    private readonly int _bits = elementType.Bits();

    public override void Read(long first, long count, byte* destination)
    {
        byte* block = stackalloc byte[BlockBytes];
        int perByte = 8 / _bits;
        int mask = (1 << _bits) - 1;
        int sign = ElementType is ElementType.Int4 or ElementType.Int2 ? 1 << (_bits - 1) : 0;
        while (count > 0)
        {
            int skip = (int)(first % perByte);
            int elements = (int)Math.Min(count, (BlockBytes * perByte) - skip);
            input.Read(first / perByte, (skip + elements + perByte - 1) / perByte, block);
            for (int index = 0; index < elements; index++)
            {
                int position = skip + index;
                int value = (block[position / perByte] >> (position % perByte * _bits)) & mask;
                destination[index] = unchecked((byte)((value ^ sign) - sign));
            }

            first += elements;
            count -= elements;
            destination += elements;
        }
    }
}
