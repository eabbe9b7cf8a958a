using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Windows with stride 1.</summary>
internal readonly unsafe struct ContiguousLoad : IWindowLoad
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<V>(float* source, nint stride)
        where V : struct, IVector<V> => V.Load(source);
}
