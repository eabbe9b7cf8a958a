using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Writes sequences of numbers.</summary>
public static unsafe class Ranges
{
    /// <summary>How many numbers a range has.</summary>
    /// <typeparam name="T">Type of the numbers.</typeparam>
    /// <param name="start">The first number.</param>
    /// <param name="limit">What the numbers do not reach.</param>
    /// <param name="delta">Distance of neighbours.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="DimensionOutOfBoundsException">There is no such number: the distance is 0, or something is not finite.</exception>
    public static long Count<T>(T start, T limit, T delta, string node)
        where T : unmanaged, INumber<T>
    {
        double count = Math.Ceiling((double.CreateChecked(limit) - double.CreateChecked(start)) / double.CreateChecked(delta));
        return T.IsZero(delta) || !double.IsFinite(count) || count >= long.MaxValue
            ? throw new DimensionOutOfBoundsException($"numbers from {start} to {limit} by {delta} of {node}", long.MaxValue, 0, long.MaxValue - 1, "")
            : Math.Max(0, (long)count);
    }

    /// <summary>Writes <c>start + i · delta</c> for every i below <paramref name="count"/> (ONNX's Range).</summary>
    /// <typeparam name="T">Type of the numbers.</typeparam>
    /// <param name="output">The result.</param>
    /// <param name="start">The first number.</param>
    /// <param name="delta">Distance of neighbours.</param>
    /// <param name="count">How many.</param>
    public static void Fill<T>(T* output, T start, T delta, long count)
        where T : unmanaged, INumber<T>
    {
        for (long index = 0; index < count; index++)
        {
            output[index] = start + (T.CreateTruncating(index) * delta);
        }
    }
}
