using System.Runtime.InteropServices;

namespace Cameo.Benchmarks.Peers;

/// <summary>Arrays that stay where they are until this is disposed.</summary>
internal sealed class PinnedBytes : IDisposable
{
    private readonly List<GCHandle> _pins = [];

    /// <summary>Pins an array and gives its address.</summary>
    public nint Add(byte[] bytes)
    {
        var pin = GCHandle.Alloc(bytes, GCHandleType.Pinned);
        _pins.Add(pin);
        return pin.AddrOfPinnedObject();
    }

    public void Dispose() => _pins.ForEach(static pin => pin.Free());
}
