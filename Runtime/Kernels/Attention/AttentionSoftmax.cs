using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Passes of a softmax over a row of scores.</summary>
internal static unsafe class AttentionSoftmax
{
    /// <summary>The largest of <paramref name="count"/> scores, a multiple of the vector's lanes, lane by lane. A NaN may be passed over.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Largest<V>(float* scores, nint count)
        where V : struct, IVector<V>
    {
        V lowest = V.Broadcast(float.NegativeInfinity);
        V largest0 = lowest, largest1 = lowest;
        nint index = 0;
        for (; index + (2 * V.Count) <= count; index += 2 * V.Count)
        {
            largest0 = LaneMaximum.Native(V.Load(scores + index), largest0);
            largest1 = LaneMaximum.Native(V.Load(scores + index + V.Count), largest1);
        }

        if (index < count)
        {
            largest0 = LaneMaximum.Native(V.Load(scores + index), largest0);
        }

        return LaneMaximum.Native(largest0, largest1);
    }

    /// <summary>Turns <paramref name="count"/> scores, a multiple of the vector's lanes, into e^(score − maximum), and adds them lane by lane to <paramref name="sums"/>.</summary>
    public static void Exponentiate<V>(float* scores, nint count, float maximum, float* sums)
        where V : struct, IVector<V>
    {
        V largest = V.Broadcast(maximum);
        V sum = V.Load(sums);
        for (nint index = 0; index < count; index += V.Count)
        {
            V weight = VectorMath.ExpNonPositive(V.Load(scores + index) - largest);
            V.Store(weight, scores + index);
            sum += weight;
        }

        V.Store(sum, sums);
    }

    /// <summary>Turns <paramref name="count"/> scores, a multiple of the vector's lanes, into e^(score − maximum) · factor.</summary>
    public static void Normalize<V>(float* scores, nint count, float maximum, float factor)
        where V : struct, IVector<V>
    {
        V largest = V.Broadcast(maximum);
        V factors = V.Broadcast(factor);
        for (nint index = 0; index < count; index += V.Count)
        {
            V.Store(VectorMath.ExpNonPositive(V.Load(scores + index) - largest) * factors, scores + index);
        }
    }

    /// <summary>e^value of one number.</summary>
    public static float Exponential(float value) => VectorMath.Exp(new ScalarFloat(value)).Value;

    /// <summary>values · factor, a multiple of the vector's lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scale<V>(float* values, nint count, float factor)
        where V : struct, IVector<V>
    {
        V factors = V.Broadcast(factor);
        for (nint element = 0; element < count; element += V.Count)
        {
            V.Store(V.Load(values + element) * factors, values + element);
        }
    }

    /// <summary>The largest of <paramref name="count"/> scores, a multiple of the vector's lanes; NaN if one is.</summary>
    public static float LargestOrNaN<V>(float* scores, nint count)
        where V : struct, IVector<V>
    {
        V largest = V.Load(scores);
        for (nint index = V.Count; index < count; index += V.Count)
        {
            largest = V.Max(largest, V.Load(scores + index));
        }

        return V.ReduceMax(largest);
    }
}
