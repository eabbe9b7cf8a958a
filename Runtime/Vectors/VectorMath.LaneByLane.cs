using System.Runtime.CompilerServices;

namespace Cameo.Vectors;

/// <content>Functions that models rarely use: computed lane by lane in double, hence correctly rounded but for rare cases.</content>
public static partial class VectorMath
{
    private const int MaximumLanes = 16;

    /// <summary>x^y; NaN for a negative x with a broken y.</summary>
    [SkipLocalsInit]
    public static unsafe V Pow<V>(V value, V exponent)
        where V : struct, IVector<V>
    {
        float* bases = stackalloc float[MaximumLanes];
        float* exponents = stackalloc float[MaximumLanes];
        V.Store(value, bases);
        V.Store(exponent, exponents);
        for (int lane = 0; lane < V.Count; lane++)
        {
            bases[lane] = (float)Math.Pow(bases[lane], exponents[lane]);
        }

        return V.Load(bases);
    }

    /// <summary>Remainder of x / y with the sign of x, as C's fmod.</summary>
    [SkipLocalsInit]
    public static unsafe V Remainder<V>(V value, V divisor)
        where V : struct, IVector<V>
    {
        float* values = stackalloc float[MaximumLanes];
        float* divisors = stackalloc float[MaximumLanes];
        V.Store(value, values);
        V.Store(divisor, divisors);
        for (int lane = 0; lane < V.Count; lane++)
        {
            values[lane] %= divisors[lane];
        }

        return V.Load(values);
    }

    /// <summary>Hyperbolic sine.</summary>
    public static V Sinh<V>(V value)
        where V : struct, IVector<V> => EachLane<V, SinhLane>(value);

    /// <summary>Hyperbolic cosine.</summary>
    public static V Cosh<V>(V value)
        where V : struct, IVector<V> => EachLane<V, CoshLane>(value);

    /// <summary>Inverse sine; NaN outside −1 … 1.</summary>
    public static V Asin<V>(V value)
        where V : struct, IVector<V> => EachLane<V, AsinLane>(value);

    /// <summary>Inverse cosine; NaN outside −1 … 1.</summary>
    public static V Acos<V>(V value)
        where V : struct, IVector<V> => EachLane<V, AcosLane>(value);

    /// <summary>Inverse tangent.</summary>
    public static V Atan<V>(V value)
        where V : struct, IVector<V> => EachLane<V, AtanLane>(value);

    /// <summary>Inverse hyperbolic sine.</summary>
    public static V Asinh<V>(V value)
        where V : struct, IVector<V> => EachLane<V, AsinhLane>(value);

    /// <summary>Inverse hyperbolic cosine; NaN below 1.</summary>
    public static V Acosh<V>(V value)
        where V : struct, IVector<V> => EachLane<V, AcoshLane>(value);

    /// <summary>Inverse hyperbolic tangent; NaN outside −1 … 1.</summary>
    public static V Atanh<V>(V value)
        where V : struct, IVector<V> => EachLane<V, AtanhLane>(value);

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe V EachLane<V, TFunction>(V value)
        where V : struct, IVector<V>
        where TFunction : struct, IScalarFunction
    {
        float* lanes = stackalloc float[MaximumLanes];
        V.Store(value, lanes);
        for (int lane = 0; lane < V.Count; lane++)
        {
            lanes[lane] = (float)TFunction.Invoke(lanes[lane]);
        }

        return V.Load(lanes);
    }

    private readonly struct SinhLane : IScalarFunction
    {
        public static double Invoke(double value) => Math.Sinh(value);
    }

    private readonly struct CoshLane : IScalarFunction
    {
        public static double Invoke(double value) => Math.Cosh(value);
    }

    private readonly struct AsinLane : IScalarFunction
    {
        public static double Invoke(double value) => Math.Asin(value);
    }

    private readonly struct AcosLane : IScalarFunction
    {
        public static double Invoke(double value) => Math.Acos(value);
    }

    private readonly struct AtanLane : IScalarFunction
    {
        public static double Invoke(double value) => Math.Atan(value);
    }

    private readonly struct AsinhLane : IScalarFunction
    {
        public static double Invoke(double value) => Math.Asinh(value);
    }

    private readonly struct AcoshLane : IScalarFunction
    {
        public static double Invoke(double value) => Math.Acosh(value);
    }

    private readonly struct AtanhLane : IScalarFunction
    {
        public static double Invoke(double value) => Math.Atanh(value);
    }
}
