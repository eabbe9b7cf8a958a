using System.Runtime.CompilerServices;

namespace Cameo.Vectors;

/// <summary>
/// Elementary functions of float32 vectors. Errors are at most 4 units in the last place (measured by the tests in steps over each
/// function's whole range); infinities, NaN, overflow and subnormal results are those of the mathematical function.
/// </summary>
/// <remarks>
/// Polynomials are minimax fits (Remez exchange in 40 digits) whose own error is below a tenth of a unit. Each lane goes
/// through the same operations at every width, so results do not depend on a lane's neighbours or on where a tail begins.
/// </remarks>
public static partial class VectorMath
{
    /// <summary>1 / x, correctly rounded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Reciprocal<V>(V value)
        where V : struct, IVector<V> => V.One / value;

    /// <summary>1 / √x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ReciprocalSqrt<V>(V value)
        where V : struct, IVector<V> => V.One / V.Sqrt(value);

    /// <summary>−1, 0 or 1 by the sign; zeros and NaN stay as they are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sign<V>(V value)
        where V : struct, IVector<V>
    {
        V unit = CopySign(V.One, value);
        return V.Select(V.GreaterThan(V.Abs(value), V.Zero), unit, value);
    }

    /// <summary>The magnitude of the first with the sign of the second.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V CopySign<V>(V magnitude, V sign)
        where V : struct, IVector<V>
    {
        V signBit = V.BroadcastBits(int.MinValue);
        return V.Select(signBit, sign, magnitude);
    }

    /// <summary><c>a · b + c</c> with a constant c: one step of Horner's rule.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Step<V>(V accumulator, V variable, float coefficient)
        where V : struct, IVector<V> => V.MultiplyAdd(accumulator, variable, V.Broadcast(coefficient));
}
