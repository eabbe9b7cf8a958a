using System.IO.MemoryMappedFiles;

namespace Cameo.Generator.Packing;

/// <summary>A file of weights as memory, to be read only. A file must not be cut short while it is mapped; one that is written anew under its old name may be.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _first;
    private readonly long _bytes;

    /// <summary>Maps the whole file, which this then owns.</summary>
    public MappedFile(FileStream file)
    {
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
