namespace Cameo.Tests.Kernels;

/// <summary>Functions in double that .NET does not have, and the error measure of the kernel tests.</summary>
internal static class Reference
{
    public static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    public static double Softplus(double x) => x > 30 ? x + Math.Exp(-x) : LogPlusOne(Math.Exp(x));

    public static double ExpMinusOne(double x) => Math.Abs(x) < 1e-3 ? x + (x * x / 2) + (x * x * x / 6) + (x * x * x * x / 24) : Math.Exp(x) - 1;

    /// <summary>Kahan's formula: the rounding of 1 + x cancels in the quotient.</summary>
    public static double LogPlusOne(double x)
    {
        double sum = 1 + x;
        return sum == 1 || double.IsPositiveInfinity(x) ? x : Math.Log(sum) * (x / (sum - 1));
    }

    /// <summary>The error function by its Taylor series, and beyond 3 by the continued fraction of its complement.</summary>
    public static double Erf(double x)
    {
        if (double.IsNaN(x))
        {
            return x;
        }

        double magnitude = Math.Abs(x);
        if (magnitude < 3)
        {
            double term = x;
            double sum = x;
            for (int n = 1; n < 120; n++)
            {
                term *= -x * x / n;
                sum += term / ((2 * n) + 1);
            }

            return sum * 2 / Math.Sqrt(Math.PI);
        }

        if (magnitude > 10)
        {
            return Math.Sign(x);
        }

        double fraction = 0;
        for (int n = 60; n >= 1; n--)
        {
            fraction = n / 2.0 / (magnitude + fraction);
        }

        return Math.Sign(x) * (1 - (Math.Exp(-x * x) / Math.Sqrt(Math.PI) / (magnitude + fraction)));
    }

    /// <summary>Distance of <paramref name="actual"/> from <paramref name="expected"/> in units of the last place of a float32 near the latter; infinite where one is NaN or infinite and the other is not.</summary>
    public static double UnitsInLastPlace(float actual, double expected)
    {
        var rounded = (float)expected;
        if (float.IsNaN(rounded) || float.IsInfinity(rounded) || float.IsNaN(actual) || float.IsInfinity(actual))
        {
            bool nearOverflow = float.IsInfinity(rounded) != float.IsInfinity(actual)
                && Math.Abs(expected) > float.MaxValue * (1 - 1e-6) && Math.Abs(actual) >= float.MaxValue * (1 - 1e-6);
            return rounded.Equals(actual) || nearOverflow ? 0 : double.PositiveInfinity;
        }

        double magnitude = Math.Max(Math.Abs(rounded), 1.17549435e-38f);
        double unit = MathF.BitIncrement((float)magnitude) - (float)magnitude;
        return Math.Abs(actual - expected) / unit;
    }
}
