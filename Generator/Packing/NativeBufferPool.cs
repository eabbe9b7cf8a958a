namespace Cameo.Generator.Packing;

/// <summary>
/// Buffers of one weight for the next: layers repeat, and fresh memory costs a page fault every 4 KiB. Before anything is allocated so much is freed that the pool keeps no more
/// than <see cref="KeptBytes"/> with it, so the pool adds nothing to what a large tensor needs.
/// </summary>
internal sealed class NativeBufferPool : IDisposable
{
    private const long KeptBytes = 64L * 1024 * 1024;

    private readonly List<NativeBuffer> _free = [];

    /// <summary>A buffer of at least so many bytes, with anything in them.</summary>
    public NativeBuffer Rent(long bytes)
    {
        int index = _free.FindIndex(buffer => buffer.Bytes >= bytes && buffer.Bytes / 2 <= bytes);
        if (index < 0)
        {
            while (_free.Count > 0 && _free.Sum(static buffer => buffer.Bytes) + bytes > KeptBytes)
            {
                _free[0].Dispose();
                _free.RemoveAt(0);
            }

            return new NativeBuffer(bytes);
        }

        NativeBuffer found = _free[index];
        _free.RemoveAt(index);
        return found;
    }

    public void Return(NativeBuffer buffer) => _free.Add(buffer);

    public void Dispose()
    {
        foreach (NativeBuffer buffer in _free)
        {
            buffer.Dispose();
        }

        _free.Clear();
    }
}
