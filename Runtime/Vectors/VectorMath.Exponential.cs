using System.Runtime.CompilerServices;

namespace Cameo.Vectors;

/// <content>The exponential and what is made of it.</content>
public static partial class VectorMath
{
    private const float Log2E = 1.44269504f;
    private const float Log2 = 0.693147181f;

    // ln 2 in two parts; the first has nine bits, so that its product with an exponent is exact without fused multiply-add.
    private const float Log2High = 0.693359375f;
    private const float Log2Low = -2.12194440e-4f;

    // 1.5 · 2^23: adding it rounds a small number to an integer and leaves that integer in the low bits of the sum.
    private const float RoundingShift = 12582912f;
    private const int RoundingShiftBits = 0x4B400000;

    /// <summary>e^x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp<V>(V value)
        where V : struct, IVector<V>
    {
        // Beyond these bounds the result is 0 or infinite, which the scaling below gives by itself.
        value = V.Max(value, V.Broadcast(-104f));
        value = V.Min(value, V.Broadcast(89f));
        V reduced = ReduceExponent(value, out V exponent);
        V result = V.MultiplyAdd(reduced * reduced, ExponentialTail(reduced), reduced) + V.One;

        // Two factors: 2^exponent itself may be too large or too small, and only the last product may round (to a subnormal).
        V half = V.ShiftRightArithmetic(exponent, 1);
        return result * PowerOfTwo(half) * PowerOfTwo(V.SubtractBits(exponent, half));
    }

    /// <summary>
    /// e^x for x ≤ 0, off by 3e-7 of itself at most (without fused multiply-add 6e-8 more for each unit that x is below 0, which is what rounding x would
    /// do); 0 below -87.7, where e^x hardly is a normal number any more. NaN stays NaN. Half of the instructions of <see cref="Exp"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V ExpNonPositive<V>(V value)
        where V : struct, IVector<V>
    {
        // From here down the biased exponent below is 0, which makes the factor 0.
        value = LaneMaximum.Native(V.Broadcast(-88f), value);

        // The bias is part of the rounding shift, so that the low bits are an exponent as it is stored.
        V shift = V.Broadcast(RoundingShift + 127);
        V shifted = V.MultiplyAdd(value, V.Broadcast(Log2E), shift);
        V reduced = V.MultiplyAdd(shifted - shift, V.Broadcast(-Log2), value);

        // 1 + r · P(r), fitted for the least relative error: 9.3e-8.
        V result = V.Broadcast(8.290235e-03f);
        result = Step(result, reduced, 4.189841e-02f);
        result = Step(result, reduced, 1.666764e-01f);
        result = Step(result, reduced, 4.9999145e-01f);
        result = Step(result, reduced, 9.999997e-01f);
        result = Step(result, reduced, 1f);
        return result * V.ShiftLeft(shifted, 23);
    }

    /// <summary>e^x − 1, accurate near 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ExpMinusOne<V>(V value)
        where V : struct, IVector<V>
    {
        value = V.Max(value, V.Broadcast(-30f));
        value = V.Min(value, V.Broadcast(89f));
        V reduced = ReduceExponent(value, out V exponent);
        V fraction = V.MultiplyAdd(reduced * reduced, ExponentialTail(reduced), reduced);

        // With s = 2^(exponent − 1): 2 · (s · fraction + (s − 1/2)), so that s is finite up to the largest result.
        V scale = PowerOfTwo(V.SubtractBits(exponent, V.BroadcastBits(1)));
        V result = V.MultiplyAdd(scale, fraction, scale - V.Broadcast(0.5f));
        return V.Select(V.Equal(exponent, V.Zero), fraction, result + result);
    }

    /// <summary>1 / (1 + e^−x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid<V>(V value)
        where V : struct, IVector<V>
    {
        // The exponential of a number ≤ 0 neither overflows nor loses the small results on the negative side.
        V small = Exp(-V.Abs(value));
        V numerator = V.Select(V.LessThan(value, V.Zero), small, V.One);
        return numerator / (V.One + small);
    }

    /// <summary>Hyperbolic tangent.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Tanh<V>(V value)
        where V : struct, IVector<V>
    {
        // tanh x = t / (t + 2) with t = e^2x − 1; from 10 on it rounds to 1.
        V magnitude = V.Min(V.Abs(value), V.Broadcast(10f));
        V grown = ExpMinusOne(magnitude + magnitude);
        return CopySign(grown / (grown + V.Broadcast(2f)), value);
    }

    /// <summary>ln(1 + e^x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Softplus<V>(V value)
        where V : struct, IVector<V> => V.Max(value, V.Zero) + LogPlusOne(Exp(-V.Abs(value)));

    /// <summary>The error function.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Erf<V>(V value)
        where V : struct, IVector<V>
    {
        V magnitude = V.Abs(value);
        V square = value * value;

        // Up to 0.93: x + x · P(x²).
        V small = V.Broadcast(8.316784565e-05f);
        small = Step(small, square, -8.130015496e-04f);
        small = Step(small, square, 5.199906985e-03f);
        small = Step(small, square, -2.685894167e-02f);
        small = Step(small, square, 1.128368719e-01f);
        small = Step(small, square, -3.761263319e-01f);
        small = Step(small, square, 1.283791666e-01f);
        small = V.MultiplyAdd(small, value, value);

        // Beyond: 1 − e^Q(x), Q fits ln erfc; from 3.95 on it rounds to 1.
        V clamped = V.Min(magnitude, V.Broadcast(3.95f));
        V large = V.Broadcast(-1.988568894e-05f);
        large = Step(large, clamped, 4.197863697e-04f);
        large = Step(large, clamped, -4.097220874e-03f);
        large = Step(large, clamped, 2.491929884e-02f);
        large = Step(large, clamped, -1.079639309e-01f);
        large = Step(large, clamped, -6.336385594e-01f);
        large = Step(large, clamped, -1.129369218e+00f);
        large = Step(large, clamped, 1.442206393e-04f);
        large = CopySign(V.One - Exp(large), value);

        return V.Select(V.LessThan(magnitude, V.Broadcast(0.93f)), small, large);
    }

    /// <summary>Splits x into exponent · ln 2 + remainder, the remainder within ± ln 2 / 2; the exponent is an int32 in the lanes' bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V ReduceExponent<V>(V value, out V exponent)
        where V : struct, IVector<V>
    {
        V shift = V.Broadcast(RoundingShift);
        V shifted = V.MultiplyAdd(value, V.Broadcast(Log2E), shift);
        V multiple = shifted - shift;
        exponent = V.SubtractBits(shifted, V.BroadcastBits(RoundingShiftBits));
        V reduced = V.MultiplyAdd(multiple, V.Broadcast(-Log2High), value);
        return V.MultiplyAdd(multiple, V.Broadcast(-Log2Low), reduced);
    }

    /// <summary>(e^r − 1 − r) / r² for |r| ≤ ln 2 / 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V ExponentialTail<V>(V reduced)
        where V : struct, IVector<V>
    {
        V result = V.Broadcast(1.381418818e-03f);
        result = Step(result, reduced, 8.368921612e-03f);
        result = Step(result, reduced, 4.166840769e-02f);
        result = Step(result, reduced, 1.666651894e-01f);
        return Step(result, reduced, 4.999999333e-01f);
    }

    /// <summary>2^e for an int32 e in −126 … 127.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V PowerOfTwo<V>(V exponent)
        where V : struct, IVector<V> => V.ShiftLeft(V.AddBits(exponent, V.BroadcastBits(127)), 23);
}
