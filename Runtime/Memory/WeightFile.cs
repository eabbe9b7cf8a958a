using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Cameo.Memory;

/// <summary>
/// The packed weights of a model: mapped or copied from a file, or copied but for the tables at its end, or taken from an embedded resource where it lies. Read-only, 64-byte aligned,
/// checked before the first use. <see cref="Payload"/> is valid until disposal.
/// </summary>
public sealed unsafe class WeightFile : IDisposable
{
    /// <summary>
    /// Files below this size have their checksum compared unless the caller says otherwise. Comparing reads the whole file, at some
    /// gigabytes a second: a few milliseconds for this size, but seconds for a large model whose pages should be read only when needed.
    /// </summary>
    public const long VerifyByDefaultBelowBytes = 64L << 20;

    /// <summary>Files from this size on are copied into large pages where the caller leaves the choice: smaller ones fit caches, and mapping them takes no time.</summary>
    private const long CopyByDefaultFromBytes = 32L << 20;

    private const int ReadBytes = 16 << 20;

    private readonly IDisposable[] _owners;
    private readonly SafeMemoryMappedViewHandle? _view;
    private byte* _payload;

    /// <summary>Bytes at the payload's end that are pages of the file.</summary>
    private long _mappedColdBytes;

    private WeightFile(string source, byte* payload, long payloadBytes, IDisposable[] owners, SafeMemoryMappedViewHandle? view)
    {
        Source = source;
        PayloadBytes = payloadBytes;
        _payload = payload;
        _owners = owners;
        _view = view;
    }

    /// <summary>Full path of the file, or name of the resource.</summary>
    public string Source { get; }

    /// <summary>First byte of the weights, 64-byte aligned; null after disposal.</summary>
    public byte* Payload => _payload;

    /// <summary>Length of the weights.</summary>
    public long PayloadBytes { get; }

    /// <summary>Maps or copies a weight file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="identity">Identity of the compilation it must belong to, 32 bytes.</param>
    /// <param name="payloadBytes">Bytes of weights it must hold.</param>
    /// <param name="coldBytes">How many of them, at their end, runs read little or nothing of: <see cref="WeightMemory.Automatic"/> leaves them in the file.</param>
    /// <param name="verify">Whether to compare the checksum; <see langword="null"/>: only for files below <see cref="VerifyByDefaultBelowBytes"/>.</param>
    /// <param name="memory">What is to hold the weights.</param>
    /// <param name="threads">Threads that may read a file that is copied.</param>
    /// <exception cref="WeightFileException">The file is missing, truncated, damaged, or another compilation's.</exception>
    /// <exception cref="OutOfMemoryException">The weights are to be copied and do not fit the memory.</exception>
    public static WeightFile Load(string path, ReadOnlySpan<byte> identity, long payloadBytes, long coldBytes, bool? verify, WeightMemory memory, int threads)
    {
        if (memory == WeightMemory.Automatic && IsBetterCopied(payloadBytes - coldBytes))
        {
            return Copy(path, identity, payloadBytes, coldBytes, verify, threads);
        }

        if (memory == WeightMemory.Copied)
        {
            return Copy(path, identity, payloadBytes, 0, verify, threads);
        }

        WeightFile file = Map(path, identity, payloadBytes, verify);
        file._mappedColdBytes = coldBytes;
        return file;
    }

    /// <summary>Maps a weight file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="identity">Identity of the compilation it must belong to, 32 bytes.</param>
    /// <param name="payloadBytes">Bytes of weights it must hold.</param>
    /// <param name="verify">Whether to compare the checksum; <see langword="null"/>: only for files below <see cref="VerifyByDefaultBelowBytes"/>.</param>
    /// <exception cref="WeightFileException">The file is missing, truncated, damaged, or another compilation's.</exception>
    public static WeightFile Map(string path, ReadOnlySpan<byte> identity, long payloadBytes, bool? verify = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = Path.GetFullPath(path);
        MemoryMappedFile? file = null;
        MemoryMappedViewAccessor? accessor = null;
        byte* start = null;
        try
        {
            FileStream stream = Open(path);
            long length = stream.Length;
            if (length < WeightFileFormat.HeaderBytes)
            {
                stream.Dispose();
                throw WeightFileCheck.Truncated(path, WeightFileFormat.HeaderBytes + payloadBytes, length);
            }

            file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            accessor = file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            accessor.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            start += accessor.PointerOffset;
            WeightFileCheck.Run(path, start, length, identity, payloadBytes, verify);
            return new WeightFile(path, start + WeightFileFormat.HeaderBytes, payloadBytes, [accessor, file], accessor.SafeMemoryMappedViewHandle);
        }
        catch (Exception exception)
        {
            if (start != null)
            {
                accessor!.SafeMemoryMappedViewHandle.ReleasePointer();
            }

            accessor?.Dispose();
            file?.Dispose();
            if (exception is WeightFileException or not (IOException or UnauthorizedAccessException))
            {
                throw;
            }

            throw new WeightFileException(path, $"the file can't be read: {exception.Message}", exception);
        }
    }

    /// <summary>Takes the weights from an embedded resource; they are copied only where it is not 64-byte aligned.</summary>
    /// <param name="name">Name of the resource, for messages.</param>
    /// <param name="open">Opens the resource, such as <c>Assembly.GetManifestResourceStream</c> does.</param>
    /// <param name="identity">Identity of the compilation it must belong to, 32 bytes.</param>
    /// <param name="payloadBytes">Bytes of weights it must hold.</param>
    /// <param name="verify">Whether to compare the checksum; <see langword="null"/>: only below <see cref="VerifyByDefaultBelowBytes"/>.</param>
    /// <exception cref="WeightFileException">The resource is missing, truncated, damaged, or another compilation's.</exception>
    public static WeightFile FromResource(string name, Func<Stream?> open, ReadOnlySpan<byte> identity, long payloadBytes, bool? verify = null)
    {
        ArgumentNullException.ThrowIfNull(open);
        Stream stream = open() ?? throw new WeightFileException(name, "the embedded resource is missing.");
        IDisposable owner = stream;
        try
        {
            long length = stream.Length;
            byte* start;
            if (stream is UnmanagedMemoryStream unmanaged && (nuint)unmanaged.PositionPointer % Arena.Alignment == 0)
            {
                start = unmanaged.PositionPointer;
            }
            else
            {
                var copy = new Arena(length);
                owner = copy;
                start = copy.Pointer;
                Read(stream, start, length);
                stream.Dispose();
            }

            WeightFileCheck.Run(name, start, length, identity, payloadBytes, verify);
            return new WeightFile(name, start + WeightFileFormat.HeaderBytes, payloadBytes, [owner], null);
        }
        catch
        {
            owner.Dispose();
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Gives back what of the cold weights was read so far, once constants are computed from them; what is needed again is read again.</summary>
    public void DropColdPages() => HugePages.DropMapped(_payload + PayloadBytes - _mappedColdBytes, _mappedColdBytes);

    /// <summary>Unmaps the file. Nothing may use the weights any more.</summary>
    public void Dispose()
    {
        if (_payload == null)
        {
            return;
        }

        _payload = null;
        _view?.ReleasePointer();
        foreach (IDisposable owner in _owners)
        {
            owner.Dispose();
        }
    }

    /// <summary>Half of the memory: a copy can't be dropped when memory is short, a mapped file can.</summary>
    private static bool IsBetterCopied(long bytes) =>
        HugePages.AreAvailable && bytes >= CopyByDefaultFromBytes && bytes <= GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;

    private static WeightFile Copy(string path, ReadOnlySpan<byte> identity, long payloadBytes, long coldBytes, bool? verify, int threads)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = Path.GetFullPath(path);
        NativeBlock? block = null;
        try
        {
            using FileStream stream = Open(path);
            long length = stream.Length;
            if (length != WeightFileFormat.HeaderBytes + payloadBytes)
            {
                // Refused; which check it fails first, mapping finds out without memory for what it claims to hold.
                stream.Dispose();
                return Map(path, identity, payloadBytes, verify);
            }

            block = new NativeBlock(length, stream.SafeFileHandle, length - coldBytes);
            Read(stream.SafeFileHandle, block, threads);
            WeightFileCheck.Run(path, block.Pointer, length, identity, payloadBytes, verify);
            return new WeightFile(path, block.Pointer + WeightFileFormat.HeaderBytes, payloadBytes, [block], null) { _mappedColdBytes = length - block.OwnBytes };
        }
        catch (Exception exception)
        {
            block?.Dispose();
            if (exception is WeightFileException or not (IOException or UnauthorizedAccessException))
            {
                throw;
            }

            throw new WeightFileException(path, $"the file can't be read: {exception.Message}", exception);
        }
    }

    /// <summary>Reads a file with several threads: most of the time goes into pages that are touched for the first time.</summary>
    private static void Read(SafeFileHandle file, NativeBlock block, int threads)
    {
        long length = block.OwnBytes;
        long pieces = (length + ReadBytes - 1) / ReadBytes;
        try
        {
            Parallel.For(0, pieces, new ParallelOptions { MaxDegreeOfParallelism = threads }, piece =>
            {
                long end = Math.Min((piece + 1) * ReadBytes, length);
                for (long offset = piece * ReadBytes; offset < end;)
                {
                    int read = RandomAccess.Read(file, new Span<byte>(block.Pointer + offset, (int)(end - offset)), offset);
                    offset += read > 0 ? read : throw new EndOfStreamException("the file became shorter while it was read.");
                }
            });
        }
        catch (AggregateException exception) when (exception.InnerException is IOException inner)
        {
            throw new IOException(inner.Message, inner);
        }
    }

    private static FileStream Open(string path)
    {
        try
        {
            // No buffer: the stream is only there to be mapped. Others may replace or delete the file meanwhile.
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new WeightFileException(
                path, "the file is missing. It is written by the build beside the program; ModelOptions.WeightsPath names another place.", exception);
        }
    }

    private static void Read(Stream stream, byte* target, long length)
    {
        for (long offset = 0; offset < length;)
        {
            int read = stream.Read(new Span<byte>(target + offset, (int)Math.Min(length - offset, 1 << 20)));
            if (read == 0)
            {
                throw new EndOfStreamException();
            }

            offset += read;
        }
    }
}
