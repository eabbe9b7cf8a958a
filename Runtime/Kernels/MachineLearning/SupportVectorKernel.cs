using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>The vectors of a support vector machine and the function that compares rows with them.</summary>
/// <param name="function">The function.</param>
/// <param name="gamma">Its factor.</param>
/// <param name="coef0">Its addend.</param>
/// <param name="degree">The exponent of a polynomial.</param>
/// <param name="vectors">[count, size] vectors.</param>
/// <param name="count">How many vectors there are.</param>
/// <param name="size">How many elements each has.</param>
public readonly unsafe struct SupportVectorKernel(SupportVectorFunction function, float gamma, float coef0, float degree, float* vectors, long count, long size)
{
    private readonly float* _vectors = vectors;

    internal long Count => count;

    internal long Size => size;

    /// <summary>Compares a row with all vectors.</summary>
    internal void Compare<V>(float* row, float* results)
        where V : struct, IVector<V>
    {
        for (long index = 0; index < count; index++)
        {
            float* vector = _vectors + (index * size);
            results[index] = function == SupportVectorFunction.Radial
                ? MathF.Exp(-gamma * SquaredDistance<V>(row, vector))
                : Apply(Dot<V>(row, vector));
        }
    }

    private float Apply(float product) => function switch
    {
        SupportVectorFunction.Polynomial => Power((gamma * product) + coef0),
        SupportVectorFunction.Sigmoid => MathF.Tanh((gamma * product) + coef0),
        _ => product,
    };

    private float Power(float value) => degree switch
    {
        2 => value * value,
        3 => value * value * value,
        _ => MathF.Pow(value, degree),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Dot<V>(float* row, float* vector)
        where V : struct, IVector<V>
    {
        V lanes = V.Zero;
        nint index = 0;
        for (; index <= (nint)size - V.Count; index += V.Count)
        {
            lanes = V.MultiplyAdd(V.Load(row + index), V.Load(vector + index), lanes);
        }

        float sum = V.ReduceAdd(lanes);
        for (; index < size; index++)
        {
            sum += row[index] * vector[index];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float SquaredDistance<V>(float* row, float* vector)
        where V : struct, IVector<V>
    {
        V lanes = V.Zero;
        nint index = 0;
        for (; index <= (nint)size - V.Count; index += V.Count)
        {
            V difference = V.Load(row + index) - V.Load(vector + index);
            lanes = V.MultiplyAdd(difference, difference, lanes);
        }

        float sum = V.ReduceAdd(lanes);
        for (; index < size; index++)
        {
            float difference = row[index] - vector[index];
            sum += difference * difference;
        }

        return sum;
    }
}
