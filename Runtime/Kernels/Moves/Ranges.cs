using System.Numerics;

namespace Cameo.Kernels;

/// <summary>Writes sequences of numbers.</summary>
public static unsafe class Ranges
{
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
