using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Cameo.Memory;

namespace Cameo.Threading;

/// <summary>Scratch memory of one set of <see cref="Workers"/>: 64-byte aligned native blocks, grown when needed and reused.</summary>
public sealed unsafe class WorkerScratch : IDisposable
{
    private const nuint Alignment = 64;

    // Blocks grow in whole pages so that slightly different requests do not each reallocate.
    private const nuint Granularity = 4096;

    private readonly Lock _growth = new();

    // A block is an object: when the table grows, parts that are running keep using the blocks they hold.
    private Block[] _blocks = [];
    private bool _disposed;

    /// <summary>Frees the blocks that <see cref="Dispose"/> did not.</summary>
    ~WorkerScratch() => Free();

    /// <summary>Whether work was run with several parts since this was last cleared.</summary>
    internal bool HadParts { get; set; }

    /// <summary>Bytes held at the moment, over all blocks.</summary>
    public long Bytes
    {
        get
        {
            long total = 0;
            foreach (Block block in Volatile.Read(ref _blocks))
            {
                total += (long)block.Bytes;
            }

            return total;
        }
    }

    /// <summary>Frees all blocks. No run may be using them.</summary>
    public void Dispose()
    {
        _disposed = true;
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>The block with this number, at least <paramref name="bytes"/> large; only one thread at a time may ask for one number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal byte* Get(int number, nuint bytes)
    {
        Block[] blocks = Volatile.Read(ref _blocks);
        if ((uint)number < (uint)blocks.Length)
        {
            Block block = blocks[number];
            if (block.Bytes >= bytes && block.Bytes != 0)
            {
                return block.Pointer;
            }
        }

        return Grow(number, bytes);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private byte* Grow(int number, nuint bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        ObjectDisposedException.ThrowIf(_disposed, this);
        Block block = GetBlock(number);
        nuint size = (Math.Max(bytes, 1) + Granularity - 1) / Granularity * Granularity;
        NativeMemory.AlignedFree(block.Pointer);
        block.Pointer = null;
        block.Bytes = 0;
        block.Pointer = (byte*)NativeMemory.AlignedAlloc(size, Alignment);
        HugePages.Advise(block.Pointer, (long)size);
        block.Bytes = size;
        return block.Pointer;
    }

    private Block GetBlock(int number)
    {
        lock (_growth)
        {
            if (number >= _blocks.Length)
            {
                var grown = new Block[Math.Max(number + 1, _blocks.Length * 2)];
                _blocks.CopyTo(grown, 0);
                for (int index = _blocks.Length; index < grown.Length; index++)
                {
                    grown[index] = new Block();
                }

                Volatile.Write(ref _blocks, grown);
            }

            return _blocks[number];
        }
    }

    private void Free()
    {
        foreach (Block block in _blocks)
        {
            NativeMemory.AlignedFree(block.Pointer);
            block.Pointer = null;
            block.Bytes = 0;
        }
    }

    private sealed class Block
    {
        public byte* Pointer;
        public nuint Bytes;
    }
}
