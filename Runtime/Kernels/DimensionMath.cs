namespace Cameo.Kernels;

/// <summary>Arithmetic on sizes in generated code that C# has no operator for.</summary>
public static class DimensionMath
{
    /// <summary>Quotient rounded towards minus infinity.</summary>
    public static long FloorDivide(long dividend, long divisor)
    {
        (long quotient, long remainder) = Math.DivRem(dividend, divisor);
        return remainder != 0 && (remainder < 0) != (divisor < 0) ? quotient - 1 : quotient;
    }

    /// <summary>Remainder of <see cref="FloorDivide(long, long)"/>.</summary>
    public static long Modulo(long dividend, long divisor) => dividend - FloorDivide(dividend, divisor) * divisor;

    /// <summary><see cref="FloorDivide(long, long)"/> of estimates.</summary>
    public static double FloorDivide(double dividend, double divisor) => Math.Floor(dividend / divisor);

    /// <summary><see cref="Modulo(long, long)"/> of estimates.</summary>
    public static double Modulo(double dividend, double divisor) => dividend - FloorDivide(dividend, divisor) * divisor;

    /// <summary><see cref="Broadcast(long, long)"/> of estimates.</summary>
    public static double Broadcast(double left, double right) => left == 1 ? right : right == 1 ? left : Math.Max(left, right);

    /// <summary>
    /// The size that two broadcast sizes give. Where they differ and neither is 1 it is the larger: that they fit is a requirement of its own, which the part of the model checks that
    /// needs it, and memory is laid out for branches too that a run does not take.
    /// </summary>
    public static long Broadcast(long left, long right) => left == 1 ? right : right == 1 ? left : Math.Max(left, right);
}
