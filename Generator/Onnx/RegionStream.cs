namespace Cameo.Generator.Onnx;

/// <summary>A part of a file. The file stays open when this is closed.</summary>
internal sealed class RegionStream(Stream file, long start, long length) : ReadOnlyStream
{
    private long _position;

    public override int Read(byte[] buffer, int offset, int count)
    {
        int wanted = (int)Math.Min(count, length - _position);
        if (wanted <= 0)
        {
            return 0;
        }

        file.Position = start + _position;
        int read = file.Read(buffer, offset, wanted);
        _position += read;
        return read;
    }
}
