namespace Cameo.Kernels;

/// <summary>How a scattered element meets the one that is there.</summary>
/// <typeparam name="T">Type of the elements.</typeparam>
public interface IScatterOperation<T>
    where T : unmanaged
{
    /// <summary>The element to store.</summary>
    /// <param name="current">What is there.</param>
    /// <param name="update">What is scattered.</param>
    static abstract T Combine(T current, T update);
}
