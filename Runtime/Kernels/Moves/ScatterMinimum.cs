using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Scattered elements are kept where they are smaller; NaN wins.</summary>
/// <typeparam name="T">Type of the elements.</typeparam>
public readonly struct ScatterMinimum<T> : IScatterOperation<T>
    where T : unmanaged, INumber<T>
{
    /// <inheritdoc/>
    public static T Combine(T current, T update) => T.Min(current, update);
}
