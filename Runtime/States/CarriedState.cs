using System.Runtime.InteropServices;

namespace Cameo.States;

/// <summary>
/// A state of fixed size that every run replaces, such as the hidden vector of a recurrent layer. Runs read and write
/// <see cref="Data"/> in place; <see cref="Reset"/> makes it zero again.
/// </summary>
public sealed unsafe class CarriedState : IDisposable
{
    private const nuint Alignment = 64;

    private byte* _data;

    /// <summary>Allocates the state and sets it to zero.</summary>
    /// <param name="bytes">Its size.</param>
    public CarriedState(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Bytes = bytes;
        _data = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), Alignment);
        Reset();
    }

    /// <summary>Frees the memory of a state that was not disposed.</summary>
    ~CarriedState() => Free();

    /// <summary>Its size in bytes.</summary>
    public long Bytes { get; }

    /// <summary>The memory, 64-byte aligned; its address never changes.</summary>
    public byte* Data => _data;

    /// <summary>Sets all elements to zero.</summary>
    public void Reset() => NativeMemory.Clear(_data, (nuint)Bytes);

    /// <summary>Replaces the content.</summary>
    /// <param name="source">Exactly <see cref="Bytes"/> bytes.</param>
    /// <exception cref="ArgumentException">Another number of bytes came.</exception>
    public void Load(ReadOnlySpan<byte> source)
    {
        CheckLength(source.Length, nameof(source));
        source.CopyTo(new Span<byte>(_data, source.Length));
    }

    /// <summary>Reads the content.</summary>
    /// <param name="destination">Room for exactly <see cref="Bytes"/> bytes.</param>
    /// <exception cref="ArgumentException">There is room for another number of bytes.</exception>
    public void Read(Span<byte> destination)
    {
        CheckLength(destination.Length, nameof(destination));
        new ReadOnlySpan<byte>(_data, destination.Length).CopyTo(destination);
    }

    /// <summary>Copies the content of the same state of another session.</summary>
    /// <param name="source">A state of the same size.</param>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public void CopyFrom(CarriedState source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source.Bytes != Bytes)
        {
            throw new ArgumentException($"The state has {Bytes} bytes, the one to copy {source.Bytes}.", nameof(source));
        }

        NativeMemory.Copy(source._data, _data, (nuint)Bytes);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void CheckLength(int length, string parameter)
    {
        if (length != Bytes)
        {
            throw new ArgumentException($"The state has {Bytes} bytes, but {length} came.", parameter);
        }
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_data);
        _data = null;
    }
}
