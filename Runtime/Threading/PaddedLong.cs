using System.Runtime.InteropServices;

namespace Cameo.Threading;

/// <summary>A number alone on its cache lines. 128 bytes each side: processors fetch lines of 64 bytes in pairs.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct PaddedLong
{
    [FieldOffset(128)]
    public long Value;
}
