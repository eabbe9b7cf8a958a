namespace Cameo.Images;

/// <summary>The first directory of a TIFF file: numbers by tag.</summary>
internal readonly ref struct TiffDirectory
{
    private const int EntryBytes = 12;

    private readonly ImageBytes _bytes;
    private readonly long _start;
    private readonly int _entries;

    public TiffDirectory(ImageBytes bytes)
    {
        _bytes = bytes;
        _start = bytes.UInt32(4);
        _entries = bytes.UInt16(_start);
        bytes.Slice(_start + 2, (long)_entries * EntryBytes);
    }

    /// <summary>The one number of a tag, or the first of several.</summary>
    public long Number(int tag, long fallback) => Numbers(tag) is [var first, ..] ? first : fallback;

    /// <summary>The numbers of a tag; none where the file does not have it.</summary>
    public long[] Numbers(int tag)
    {
        for (int index = 0; index < _entries; index++)
        {
            long entry = _start + 2 + ((long)index * EntryBytes);
            if (_bytes.UInt16(entry) != tag)
            {
                continue;
            }

            long count = _bytes.UInt32(entry + 4);
            int size = _bytes.UInt16(entry + 2) switch
            {
                1 => 1,
                3 => 2,
                4 => 4,
                int type => throw new InvalidImageException($"TIFF tag {tag} has the type {type}; integers of 8, 16 and 32 bits are supported."),
            };
            long place = count * size <= 4 ? entry + 8 : _bytes.UInt32(entry + 8);
            _bytes.Slice(place, count * size);
            long[] numbers = new long[count];
            for (int number = 0; number < count; number++)
            {
                long offset = place + ((long)number * size);
                numbers[number] = size == 1 ? _bytes.Byte(offset) : size == 2 ? _bytes.UInt16(offset) : _bytes.UInt32(offset);
            }

            return numbers;
        }

        return [];
    }
}
