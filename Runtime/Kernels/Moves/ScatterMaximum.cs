using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Scattered elements are kept where they are larger; NaN wins.</summary>
/// <typeparam name="T">Type of the elements.</typeparam>
public readonly struct ScatterMaximum<T> : IScatterOperation<T>
    where T : unmanaged, INumber<T>
{
    /// <inheritdoc/>
    public static T Combine(T current, T update) => T.Max(current, update);
}
