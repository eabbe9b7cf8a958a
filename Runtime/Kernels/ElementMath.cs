using System.Numerics;
using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Operations on single elements that C# has no operator for, as ONNX defines them: what generated loops over other types than float32 call.</summary>
public static class ElementMath
{
    /// <summary>Integer quotient rounded towards zero; a division by zero gives 0 instead of an exception in the middle of a run.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Divide<T>(T dividend, T divisor)
        where T : IBinaryInteger<T> =>
        T.IsZero(divisor) ? T.Zero : IsMinusOne(divisor) ? unchecked(T.Zero - dividend) : dividend / divisor;

    /// <summary>Remainder with the dividend's sign; 0 for a division by zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Remainder<T>(T dividend, T divisor)
        where T : IBinaryInteger<T> =>
        T.IsZero(divisor) || IsMinusOne(divisor) ? T.Zero : dividend % divisor;

    /// <summary>Remainder with the divisor's sign, as Python's <c>%</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Modulo<T>(T dividend, T divisor)
        where T : INumber<T>
    {
        if (T.IsZero(divisor) && T.IsInteger(divisor) && typeof(T) != typeof(float) && typeof(T) != typeof(double))
        {
            return T.Zero;
        }

        T remainder = dividend % divisor;
        return !T.IsZero(remainder) && T.IsNegative(remainder) != T.IsNegative(divisor) ? remainder + divisor : remainder;
    }

    /// <summary>Magnitude; that of the smallest integer wraps to itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Absolute<T>(T value)
        where T : IBinaryInteger<T> =>
        T.IsNegative(value) ? unchecked(T.Zero - value) : value;

    /// <summary>-1, 0 or 1; NaN stays NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sign<T>(T value)
        where T : INumber<T> =>
        T.IsNaN(value) ? value : value > T.Zero ? T.One : value < T.Zero ? T.Zero - T.One : T.Zero;

    /// <summary>Integer power by squaring, wrapping; negative exponents give what truncating the true result gives.</summary>
    public static T Power<T>(T value, T exponent)
        where T : IBinaryInteger<T>
    {
        if (T.IsNegative(exponent))
        {
            return value == T.One ? T.One : IsMinusOne(value) ? (T.IsEvenInteger(exponent) ? T.One : value) : T.Zero;
        }

        T result = T.One;
        while (!T.IsZero(exponent))
        {
            if (T.IsOddInteger(exponent))
            {
                result = unchecked(result * value);
            }

            value = unchecked(value * value);
            exponent >>= 1;
        }

        return result;
    }

    /// <summary>Shift to the left; counts beyond the width give 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T ShiftLeft<T>(T value, T count)
        where T : IBinaryInteger<T> =>
        count >= T.CreateTruncating(Unsafe.SizeOf<T>() * 8) ? T.Zero : value << int.CreateTruncating(count);

    /// <summary>Shift to the right, filling with zeros; counts beyond the width give 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T ShiftRight<T>(T value, T count)
        where T : IBinaryInteger<T> =>
        count >= T.CreateTruncating(Unsafe.SizeOf<T>() * 8) ? T.Zero : value >>> int.CreateTruncating(count);

    /// <summary>The error function.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Erf(float value) => VectorMath.Erf(new ScalarFloat(value)).Value;

    /// <summary>
    /// The error function in double precision: the Maclaurin series below 2.5, the continued fraction of erfc above (both in Abramowitz and Stegun, 7.1.5 and 7.1.14).
    /// </summary>
    public static double Erf(double value)
    {
        double magnitude = Math.Abs(value);
        if (!(magnitude < 6))
        {
            return double.IsNaN(value) ? value : Math.Sign(value);
        }

        if (magnitude < 2.5)
        {
            double term = magnitude;
            double sum = magnitude;
            for (int n = 1; Math.Abs(term) > 1e-18 * sum; n++)
            {
                term *= -magnitude * magnitude / n;
                sum += term / (2 * n + 1);
            }

            return Math.CopySign(sum * 2 / Math.Sqrt(Math.PI), value);
        }

        double fraction = magnitude;
        for (int n = 60; n >= 1; n--)
        {
            fraction = magnitude + n / 2.0 / fraction;
        }

        return Math.CopySign(1 - Math.Exp(-magnitude * magnitude) / (fraction * Math.Sqrt(Math.PI)), value);
    }

    private static bool IsMinusOne<T>(T value)
        where T : IBinaryInteger<T> =>
        T.IsNegative(value) && T.IsZero(value + T.One);
}
