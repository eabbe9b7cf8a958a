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
            for (int index = UnpackEights(block, skip, elements, sign, destination); index < elements; index++)
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

    /// <summary>Four-bit elements eight at a time; returns how many are done.</summary>
    private int UnpackEights(byte* block, int skip, int elements, int sign, byte* destination)
    {
        int done = 0;
        if (_bits != 4 || skip != 0)
        {
            return done;
        }

        const ulong ones = 0x0101_0101_0101_0101;
        for (; done + 8 <= elements; done += 8)
        {
            // Spread: two bytes to each half, one to each quarter, half a byte to each byte.
            ulong spread = *(uint*)(block + (done / 2));
            spread = (spread | (spread << 16)) & 0x0000_FFFF_0000_FFFF;
            spread = (spread | (spread << 8)) & 0x00FF_00FF_00FF_00FF;
            spread = (spread | (spread << 4)) & 0x0F0F_0F0F_0F0F_0F0F;

            // Less its sign: with the highest bit set no byte borrows from the next one.
            ulong signs = (ulong)sign * ones;
            *(ulong*)(destination + done) = (((spread ^ signs) | (0x80 * ones)) - signs) ^ (0x80 * ones);
        }

        return done;
    }
}
