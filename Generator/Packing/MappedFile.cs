using System.IO.MemoryMappedFiles;

namespace Cameo.Generator.Packing;

/// <summary>
/// A file of weights as memory, to be read only. It stays open, so that it may be deleted or replaced; but the system ends a process that reads what was cut off, which is why
/// <see cref="Length"/> is asked for again and again.
/// </summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly FileStream _stream;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _first;
    private readonly long _bytes;

    /// <summary>Maps the whole file, which this then owns.</summary>
    public MappedFile(FileStream file)
    {
        _stream = file;
        _bytes = file.Length;
        _file = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        try
        {
            _view = _file.CreateViewAccessor(0, _bytes, MemoryMappedFileAccess.Read);
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _first);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>How many bytes the file has now.</summary>
    public long Length => _stream.Length;

    /// <summary>Some of its bytes; null where the file ends before them.</summary>
    public NativeBuffer? Region(long offset, long bytes) =>
        offset >= 0 && bytes >= 0 && offset <= _bytes - bytes ? NativeBuffer.Borrow(_first + _view.PointerOffset + offset, bytes) : null;

    public void Dispose()
    {
        if (_first != null)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
        }

        _view?.Dispose();
        _file.Dispose();
    }
}
