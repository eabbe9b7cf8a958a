using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Products of two pairs of int16, summed in int32.</summary>
internal readonly struct PairProduct : IConvolutionProduct
{
    public static bool IsFloat => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V MultiplyAdd<V>(V input, V weight, V sum)
        where V : struct, IVector<V> => ShortDot.MultiplyAdd(sum, input, weight);
}
