using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Scattered elements multiply what is there.</summary>
/// <typeparam name="T">Type of the elements.</typeparam>
public readonly struct ScatterMultiply<T> : IScatterOperation<T>
    where T : unmanaged, INumber<T>
{
    /// <inheritdoc/>
    public static T Combine(T current, T update) => unchecked(current * update);
}
