using System.Runtime.CompilerServices;

namespace Cameo.Vectors;

/// <content>Trigonometric functions.</content>
public static partial class VectorMath
{
    private const float TwoOverPi = 0.636619772f;

    // π/2 in three parts of 24 bits, for fused multiply-add: its product with an integer up to 2^20 cancels exactly.
    private const float FusedHalfPi1 = 1.57079637f;
    private const float FusedHalfPi2 = -4.37113883e-8f;
    private const float FusedHalfPi3 = -1.71512489e-15f;

    // π/2 in four parts, the first three of eleven bits, so that products with integers up to 2^13 are exact without fused multiply-add.
    private const float HalfPi1 = 1.5703125f;
    private const float HalfPi2 = 4.837512969970703125e-4f;
    private const float HalfPi3 = 7.5495336204767227e-8f;
    private const float HalfPi4 = 2.563344068257089603e-12f;

    // Where argument reduction by the parts above ends; beyond, lanes are computed in double.
    private static float LargestReducedAngle => VectorWidth.HasFusedMultiplyAdd ? 1.5e6f : 8192f;

    /// <summary>Sine; NaN for infinities.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sin<V>(V value)
        where V : struct, IVector<V>
    {
        V reduced = ReduceAngle(value, out V quadrant);
        V result = SelectQuadrant(SineOfReduced(reduced), CosineOfReduced(reduced), quadrant);
        return IsReducible(value, out V reducible) ? result : V.Select(reducible, result, EachLane<V, SineLane>(value));
    }

    /// <summary>Cosine; NaN for infinities.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Cos<V>(V value)
        where V : struct, IVector<V>
    {
        V reduced = ReduceAngle(value, out V quadrant);
        V result = SelectQuadrant(SineOfReduced(reduced), CosineOfReduced(reduced), V.AddBits(quadrant, V.BroadcastBits(1)));
        return IsReducible(value, out V reducible) ? result : V.Select(reducible, result, EachLane<V, CosineLane>(value));
    }

    /// <summary>Tangent; NaN for infinities.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Tan<V>(V value)
        where V : struct, IVector<V>
    {
        V reduced = ReduceAngle(value, out V quadrant);
        V sine = SineOfReduced(reduced);
        V cosine = CosineOfReduced(reduced);
        V odd = OddQuadrant(quadrant);
        V result = V.Select(odd, -cosine, sine) / V.Select(odd, sine, cosine);
        return IsReducible(value, out V reducible) ? result : V.Select(reducible, result, EachLane<V, TangentLane>(value));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsReducible<V>(V value, out V reducible)
        where V : struct, IVector<V>
    {
        reducible = V.LessThanOrEqual(V.Abs(value), V.Broadcast(LargestReducedAngle));
        return V.All(reducible);
    }

    /// <summary>Subtracts the nearest multiple of π/2, leaving ± π/4; the low bits of <paramref name="quadrant"/> count the multiple.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V ReduceAngle<V>(V value, out V quadrant)
        where V : struct, IVector<V>
    {
        V shift = V.Broadcast(RoundingShift);
        quadrant = V.MultiplyAdd(value, V.Broadcast(TwoOverPi), shift);
        V multiple = quadrant - shift;
        if (VectorWidth.HasFusedMultiplyAdd)
        {
            V fused = V.MultiplyAdd(multiple, V.Broadcast(-FusedHalfPi1), value);
            fused = V.MultiplyAdd(multiple, V.Broadcast(-FusedHalfPi2), fused);
            return V.MultiplyAdd(multiple, V.Broadcast(-FusedHalfPi3), fused);
        }

        V reduced = value - (multiple * V.Broadcast(HalfPi1));
        reduced -= multiple * V.Broadcast(HalfPi2);
        reduced -= multiple * V.Broadcast(HalfPi3);
        return reduced - (multiple * V.Broadcast(HalfPi4));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V SineOfReduced<V>(V reduced)
        where V : struct, IVector<V>
    {
        V square = reduced * reduced;
        V result = V.Broadcast(-1.951463100e-04f);
        result = Step(result, square, 8.332156048e-03f);
        result = Step(result, square, -1.666665454e-01f);
        return V.MultiplyAdd(result, square * reduced, reduced);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V CosineOfReduced<V>(V reduced)
        where V : struct, IVector<V>
    {
        V square = reduced * reduced;
        V result = V.Broadcast(2.443241206e-05f);
        result = Step(result, square, -1.388730986e-03f);
        result = Step(result, square, 4.166664555e-02f);
        result = V.MultiplyAdd(result, square, V.Broadcast(-0.5f));
        return V.MultiplyAdd(result, square, V.One);
    }

    /// <summary>Sine in even quadrants, cosine in odd ones, negated in the second pair.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V SelectQuadrant<V>(V sine, V cosine, V quadrant)
        where V : struct, IVector<V>
    {
        V sign = V.And(V.ShiftLeft(quadrant, 30), V.BroadcastBits(int.MinValue));
        return V.Xor(V.Select(OddQuadrant(quadrant), cosine, sine), sign);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V OddQuadrant<V>(V quadrant)
        where V : struct, IVector<V> => V.ShiftRightArithmetic(V.ShiftLeft(quadrant, 31), 31);

    private readonly struct SineLane : IScalarFunction
    {
        public static double Invoke(double value) => Math.Sin(value);
    }

    private readonly struct CosineLane : IScalarFunction
    {
        public static double Invoke(double value) => Math.Cos(value);
    }

    private readonly struct TangentLane : IScalarFunction
    {
        public static double Invoke(double value) => Math.Tan(value);
    }
}
