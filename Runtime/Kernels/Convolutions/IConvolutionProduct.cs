using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>What a direct convolution does with an element of its input and one of its weights; both are moved about as lanes of 32 bits, whatever they hold.</summary>
internal interface IConvolutionProduct
{
    /// <summary>Whether elements are float32.</summary>
    static abstract bool IsFloat { get; }

    /// <summary>sum + input · weight.</summary>
    static abstract V MultiplyAdd<V>(V input, V weight, V sum)
        where V : struct, IVector<V>;
}
