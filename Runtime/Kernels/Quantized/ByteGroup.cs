using System.Runtime.CompilerServices;

namespace Cameo.Kernels;

/// <summary>Eight int8.</summary>
internal readonly unsafe struct ByteGroup : IDynamicGroup
{
    public static int Elements => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Arrange(sbyte* quantized) => Unsafe.ReadUnaligned<ulong>(quantized);
}
