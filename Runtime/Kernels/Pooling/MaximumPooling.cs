using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>The larger element. The order of operands decides about NaN, see <see cref="Pooling.Max"/>.</summary>
internal readonly struct MaximumPooling : IPoolingReduction
{
    public static float Padding => float.MinValue;

    public static bool Divides => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Combine<V>(V reduced, V next)
        where V : struct, IVector<V> => V.Select(V.GreaterThan(reduced, next), reduced, next);
}
