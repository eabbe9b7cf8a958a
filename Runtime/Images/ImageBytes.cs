using System.Buffers.Binary;

namespace Cameo.Images;

/// <summary>The bytes of a file, read with checks.</summary>
internal readonly ref struct ImageBytes(ReadOnlySpan<byte> bytes, bool isBigEndian)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public int Length => _bytes.Length;

    public byte Byte(long offset) => Slice(offset, 1)[0];

    public int UInt16(long offset)
    {
        ReadOnlySpan<byte> slice = Slice(offset, 2);
        return isBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(slice) : BinaryPrimitives.ReadUInt16LittleEndian(slice);
    }

    public long UInt32(long offset)
    {
        ReadOnlySpan<byte> slice = Slice(offset, 4);
        return isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(slice) : BinaryPrimitives.ReadUInt32LittleEndian(slice);
    }

    public int Int32(long offset) => (int)UInt32(offset);

    /// <summary>A part of the file; refuses one that goes beyond its end.</summary>
    public ReadOnlySpan<byte> Slice(long offset, long count)
    {
        if (offset < 0 || count < 0 || offset > _bytes.Length || count > _bytes.Length - offset)
        {
            throw new InvalidImageException($"the file ends after {_bytes.Length} bytes; {count} more were expected from {offset} on.");
        }

        return _bytes.Slice((int)offset, (int)count);
    }
}
