using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>The sum, divided by the number of elements at the end.</summary>
internal readonly struct AveragePooling : IPoolingReduction
{
    public static float Padding => 0;

    public static bool Divides => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Combine<V>(V reduced, V next)
        where V : struct, IVector<V> => reduced + next;
}
