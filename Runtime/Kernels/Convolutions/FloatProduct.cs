using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Products of float32.</summary>
internal readonly struct FloatProduct : IConvolutionProduct
{
    public static bool IsFloat => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V MultiplyAdd<V>(V input, V weight, V sum)
        where V : struct, IVector<V> => V.MultiplyAdd(input, weight, sum);
}
