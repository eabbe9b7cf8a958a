namespace Cameo.Kernels;

/// <summary>Scattered elements replace what is there.</summary>
/// <typeparam name="T">Type of the elements.</typeparam>
public readonly struct ScatterReplace<T> : IScatterOperation<T>
    where T : unmanaged
{
    /// <inheritdoc/>
    public static T Combine(T current, T update) => update;
}
