using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Cameo.Memory;

/// <summary>
/// A block of 64-byte aligned memory that never moves; its content is undefined at first.
/// </summary>
/// <remarks>
/// The block is a pinned array, not native memory: a span into it keeps it alive, so a result that is still read after its session
/// was dropped or disposed stays readable instead of pointing into freed memory.
/// </remarks>
public sealed unsafe class Arena : IDisposable
{
    /// <summary>Alignment of the block in bytes: a cache line, and the widest vector.</summary>
    public const int Alignment = 64;

    /// <summary>The largest block there can be.</summary>
    public const long MaximumBytes = (0x7FFFFFC7 - 2L) * Alignment; // Array.MaxLength lines

    private Line[]? _lines;
    private byte* _pointer;

    /// <summary>Allocates a block.</summary>
    /// <param name="bytes">Its size; 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is negative or more than 127 GiB.</exception>
    /// <exception cref="OutOfMemoryException">There is not as much memory.</exception>
    public Arena(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, MaximumBytes);

        // One line more than needed: an array begins at some multiple of 8.
        long lines = ((bytes + Alignment - 1) / Alignment) + 1;
        try
        {
            _lines = GC.AllocateUninitializedArray<Line>((int)lines, pinned: true);
        }
        catch (OutOfMemoryException exception)
        {
            throw new OutOfMemoryException($"{bytes} bytes for buffers could not be allocated.", exception);
        }

        nuint start = (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_lines));
        _pointer = (byte*)((start + (Alignment - 1)) & ~(nuint)(Alignment - 1));
        Bytes = bytes;
        HugePages.Advise(_pointer, bytes);
#if DEBUG
        // All ones are NaN in every float type: a kernel that reads what nothing wrote shows at once.
        new Span<Line>(_lines).Fill(Line.AllOnes);
#endif
    }

    /// <summary>First byte; null after disposal.</summary>
    public byte* Pointer => _pointer;

    /// <summary>Size in bytes; 0 after disposal.</summary>
    public long Bytes { get; private set; }

    /// <summary>The array the block lies in.</summary>
    internal object? Block => _lines;

    /// <summary>Gives the block up. Its memory is reclaimed as soon as no span points into it any more.</summary>
    public void Dispose()
    {
        _lines = null;
        _pointer = null;
        Bytes = 0;
    }

    [StructLayout(LayoutKind.Sequential, Size = Alignment)]
    private struct Line
    {
        public static Line AllOnes
        {
            get
            {
                Line line = default;
                new Span<byte>(&line, Alignment).Fill(0xFF);
                return line;
            }
        }
    }
}
