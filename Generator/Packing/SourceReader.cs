using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>A tensor of the model, read from its file as it is needed. Elements of less than a byte are unpacked, one to a byte.</summary>
internal sealed unsafe class SourceReader(ITensorSource source, WeightSource expression) : ElementReader(expression.ElementType, expression.Count)
{
    // Large enough that a read is dominated by copying, small enough to stay in the second-level cache until the copy to the destination.
    private const int BlockBytes = 256 * 1024;

    [ThreadStatic]
    private static byte[]? s_block;

    private readonly int _bits = expression.ElementType.Bits();

    public override void Read(long first, long count, byte* destination)
    {
        int elementsPerBlock = BlockBytes * 8 / Math.Max(_bits, 8);
        byte[] block = s_block ??= new byte[BlockBytes];
        while (count > 0)
        {
            int elements = (int)Math.Min(count, elementsPerBlock);
            if (_bits >= 8)
            {
                int bytes = elements * ElementBytes;
                source.Read(expression.Tensor, first * ElementBytes, block, bytes);
                fixed (byte* pointer = block)
                {
                    Buffer.MemoryCopy(pointer, destination, bytes, bytes);
                }
            }
            else
            {
                long firstByte = first * _bits / 8;
                int bytes = (int)((((first + elements) * _bits) + 7) / 8 - firstByte);
                source.Read(expression.Tensor, firstByte, block, bytes);
                Unpack(block, (int)((first * _bits) - (firstByte * 8)), elements, destination);
            }

            first += elements;
            count -= elements;
            destination += (long)elements * ElementBytes;
        }
    }

    /// <summary>ONNX fills bytes from their lowest bits; signed types extend their sign.</summary>
    private void Unpack(byte[] packed, int firstBit, int elements, byte* destination)
    {
        int mask = (1 << _bits) - 1;
        int sign = ElementType is ElementType.Int4 or ElementType.Int2 ? 1 << (_bits - 1) : 0;
        for (int index = 0; index < elements; index++)
        {
            int bit = firstBit + (index * _bits);
            int value = (packed[bit >> 3] >> (bit & 7)) & mask;
            destination[index] = unchecked((byte)((value ^ sign) - sign));
        }
    }
}
