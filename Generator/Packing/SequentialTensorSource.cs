namespace Cameo.Generator.Packing;

/// <summary>A single tensor behind a stream, for a reader that goes from front to back.</summary>
internal sealed class SequentialTensorSource(Stream stream) : ITensorSource
{
    private long _position;

    public bool CanReadRanges(string tensor) => false;

    public Stream OpenRead(string tensor) => stream;

    public void Read(string tensor, long offset, byte[] destination, int count)
    {
        if (offset != _position)
        {
            throw new InvalidOperationException($"The tensor '{tensor}' is read from front to back, not from {offset} after {_position}.");
        }

        for (int read = 0; read < count;)
        {
            int bytes = stream.Read(destination, read, count - read);
            if (bytes == 0)
            {
                throw new PackingException($"The tensor '{tensor}' has only {_position + read} bytes.");
            }

            read += bytes;
        }

        _position += count;
    }
}
