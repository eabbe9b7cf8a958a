using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>How a pooling combines the elements of a window.</summary>
internal interface IPoolingReduction
{
    /// <summary>What padding counts as.</summary>
    static abstract float Padding { get; }

    /// <summary>Whether the result is divided by the number of elements.</summary>
    static abstract bool Divides { get; }

    /// <summary>Adds the next element of a window.</summary>
    static abstract V Combine<V>(V reduced, V next)
        where V : struct, IVector<V>;
}
