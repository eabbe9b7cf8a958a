namespace Cameo.Memory;

/// <summary>
/// Buffers of a session whose sizes depend on data, so that they are known while the model runs only. A buffer is kept from run to run and grows where a run needs more: runs of
/// usual sizes allocate nothing.
/// </summary>
public sealed unsafe class BufferPool : IDisposable
{
    // By so much a buffer is larger than the one before it at least, so that sizes that go up little by little do not allocate in every run.
    private const double Growth = 1.5;

    private readonly Arena?[] _buffers;
    private readonly nint[] _pointers;

    /// <summary>Makes empty buffers.</summary>
    /// <param name="count">How many.</param>
    public BufferPool(int count)
    {
        _buffers = new Arena?[count];
        _pointers = new nint[count];
    }

    /// <summary>Bytes of all buffers at the moment.</summary>
    public long Bytes
    {
        get
        {
            long sum = 0;
            foreach (Arena? buffer in _buffers)
            {
                sum += buffer?.Bytes ?? 0;
            }

            return sum;
        }
    }

    /// <summary>First byte of a buffer, 64-byte aligned; null before it was made for the first time.</summary>
    /// <param name="index">Number of the buffer.</param>
    public byte* this[int index] => (byte*)_pointers[index];

    /// <summary>Makes a buffer at least so large. Where it grows its content is lost.</summary>
    /// <param name="index">Number of the buffer.</param>
    /// <param name="bytes">Bytes needed, as a product that may have overflowed.</param>
    /// <param name="estimate">The same product in floating-point numbers.</param>
    /// <param name="node">The node whose result it is, for exceptions.</param>
    /// <exception cref="DimensionOutOfBoundsException">The size is negative or larger than any buffer can be.</exception>
    /// <exception cref="OutOfMemoryException">There is not as much memory.</exception>
    public void Ensure(int index, long bytes, double estimate, string node)
    {
        if (!(estimate is >= 0 and <= Arena.MaximumBytes) || bytes < 0)
        {
            throw new DimensionOutOfBoundsException($"bytes of a result of {node}", bytes < 0 || estimate < long.MaxValue ? bytes : long.MaxValue, 0, Arena.MaximumBytes, "");
        }

        if (_buffers[index] is not { } buffer || bytes > buffer.Bytes)
        {
            Grow(index, bytes);
        }
    }

    /// <summary>Makes a buffer at least so large and keeps what it begins with.</summary>
    /// <param name="index">Number of the buffer.</param>
    /// <param name="used">Bytes to keep.</param>
    /// <param name="bytes">Bytes needed, as a product that may have overflowed.</param>
    /// <param name="estimate">The same product in floating-point numbers.</param>
    /// <param name="node">The node whose result it is, for exceptions.</param>
    /// <exception cref="DimensionOutOfBoundsException">The size is negative or larger than any buffer can be.</exception>
    /// <exception cref="OutOfMemoryException">There is not as much memory.</exception>
    public void Extend(int index, long used, long bytes, double estimate, string node)
    {
        Arena? before = _buffers[index];
        if (before is null || used == 0)
        {
            Ensure(index, bytes, estimate, node);
            return;
        }

        if (bytes >= 0 && estimate <= before.Bytes)
        {
            return;
        }

        _buffers[index] = null;
        try
        {
            Ensure(index, Math.Max(bytes, Larger(before.Bytes)), estimate, node);
            Buffer.MemoryCopy(before.Pointer, this[index], _buffers[index]!.Bytes, used);
            before.Dispose();
        }
        catch
        {
            _buffers[index] = before;
            _pointers[index] = (nint)before.Pointer;
            throw;
        }
    }

    /// <summary>Lets two buffers change places, with what they hold.</summary>
    /// <param name="left">Number of the one.</param>
    /// <param name="right">Number of the other.</param>
    public void Exchange(int left, int right)
    {
        (_buffers[left], _buffers[right]) = (_buffers[right], _buffers[left]);
        (_pointers[left], _pointers[right]) = (_pointers[right], _pointers[left]);
    }

    /// <summary>Gives all buffers up.</summary>
    public void Dispose()
    {
        for (int index = 0; index < _buffers.Length; index++)
        {
            _buffers[index]?.Dispose();
            _buffers[index] = null;
            _pointers[index] = 0;
        }
    }

    private static long Larger(long bytes) => (long)Math.Min(bytes * Growth, Arena.MaximumBytes);

    private void Grow(int index, long bytes)
    {
        long wanted = _buffers[index] is { } before ? Math.Max(bytes, Larger(before.Bytes)) : Math.Max(bytes, Arena.Alignment);

        // The old buffer goes first, so that both need not exist at once.
        _buffers[index]?.Dispose();
        _buffers[index] = null;
        _pointers[index] = 0;
        var buffer = new Arena(wanted);
        _buffers[index] = buffer;
        _pointers[index] = (nint)buffer.Pointer;
    }
}
