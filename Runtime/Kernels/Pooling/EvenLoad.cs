using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Windows with stride 2.</summary>
internal readonly unsafe struct EvenLoad : IWindowLoad
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<V>(float* source, nint stride)
        where V : struct, IVector<V> => StridedRow.LoadEven<V>(source);
}
