namespace Cameo.Generator.Packing;

/// <summary>
/// Buffers of one weight for the next: layers repeat, and fresh memory costs a page fault every 4 KiB. What does not fit is freed before anything is allocated, so the pool adds
/// nothing to what the largest tensor needs.
/// </summary>
internal sealed class NativeBufferPool : IDisposable
{
    private readonly List<NativeBuffer> _free = [];

    /// <summary>A buffer of at least so many bytes, with anything in them.</summary>
    public NativeBuffer Rent(long bytes)
    {
        int index = _free.FindIndex(buffer => buffer.Bytes >= bytes && buffer.Bytes / 2 <= bytes);
        if (index < 0)
        {
            Dispose();
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
