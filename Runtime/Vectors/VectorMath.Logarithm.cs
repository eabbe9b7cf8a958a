using System.Runtime.CompilerServices;

namespace Cameo.Vectors;

/// <content>Logarithms.</content>
public static partial class VectorMath
{
    // Bits of the float nearest to √½: subtracting them makes the exponent field that of x / √½, so that the mantissa lies in √½ … √2.
    private const int SqrtHalfBits = 0x3F3504F3;

    /// <summary>Natural logarithm; NaN below 0, −∞ at 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Log<V>(V value)
        where V : struct, IVector<V>
    {
        // Subnormal numbers are first scaled into the normal range.
        V subnormal = V.LessThan(value, V.Broadcast(1.17549435e-38f));
        V scaled = V.Select(subnormal, value * V.Broadcast(8388608f), value);
        V exponentShift = V.And(subnormal, V.Broadcast(23f));

        V exponentBits = V.ShiftRightArithmetic(V.SubtractBits(scaled, V.BroadcastBits(SqrtHalfBits)), 23);
        V exponent = V.ConvertFromInt32(exponentBits) - exponentShift;
        V fraction = V.SubtractBits(scaled, V.ShiftLeft(exponentBits, 23)) - V.One;

        V square = fraction * fraction;
        V tail = V.Broadcast(6.746625544e-02f);
        tail = Step(tail, fraction, -1.167563159e-01f);
        tail = Step(tail, fraction, 1.188815317e-01f);
        tail = Step(tail, fraction, -1.240558984e-01f);
        tail = Step(tail, fraction, 1.421955402e-01f);
        tail = Step(tail, fraction, -1.666799605e-01f);
        tail = Step(tail, fraction, 2.000211859e-01f);
        tail = Step(tail, fraction, -2.500000959e-01f);
        tail = Step(tail, fraction, 3.333331260e-01f);

        // ln(1 + f) = f − f²/2 + f³ · tail, the small terms first.
        V result = tail * (square * fraction);
        result = V.MultiplyAdd(exponent, V.Broadcast(Log2Low), result);
        result = V.MultiplyAdd(square, V.Broadcast(-0.5f), result);
        result = V.MultiplyAdd(exponent, V.Broadcast(Log2High), result + fraction);

        V infinity = V.Broadcast(float.PositiveInfinity);
        result = V.Select(V.LessThan(value, infinity), result, value);
        result = V.Select(V.LessThan(value, V.Zero), V.Broadcast(float.NaN), result);
        return V.Select(V.Equal(value, V.Zero), V.Broadcast(float.NegativeInfinity), result);
    }

    /// <summary>ln(1 + x), accurate near 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LogPlusOne<V>(V value)
        where V : struct, IVector<V>
    {
        // What rounding 1 + x lost is put back to first order.
        V sum = V.One + value;
        V lost = value - (sum - V.One);
        V result = Log(sum) + (lost / sum);
        V ordinary = V.And(V.GreaterThan(sum, V.Zero), V.LessThan(sum, V.Broadcast(float.PositiveInfinity)));
        result = V.Select(ordinary, result, Log(sum));
        return V.Select(V.Equal(sum, V.One), value, result);
    }
}
