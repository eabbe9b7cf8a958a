namespace Cameo.Generator.Graphs;

/// <summary>Smallest and largest value an expression can take. Arithmetic saturates; <see cref="long.MaxValue"/> means "no upper bound".</summary>
internal readonly struct DimensionRange(long minimum, long maximum)
{
    /// <summary>Any size: what an unbounded symbol has.</summary>
    public static readonly DimensionRange AnySize = new(0, long.MaxValue);

    public long Minimum { get; } = minimum;

    public long Maximum { get; } = maximum;

    public bool IsBounded => Maximum != long.MaxValue;

    public static DimensionRange Exactly(long value) => new(value, value);

    public static DimensionRange operator +(DimensionRange left, DimensionRange right) =>
        new(Add(left.Minimum, right.Minimum), Add(left.Maximum, right.Maximum));

    public static DimensionRange operator *(DimensionRange left, DimensionRange right)
    {
        long a = Multiply(left.Minimum, right.Minimum), b = Multiply(left.Minimum, right.Maximum);
        long c = Multiply(left.Maximum, right.Minimum), d = Multiply(left.Maximum, right.Maximum);
        return new(Math.Min(Math.Min(a, b), Math.Min(c, d)), Math.Max(Math.Max(a, b), Math.Max(c, d)));
    }

    public static DimensionRange FloorDivide(DimensionRange left, DimensionRange right)
    {
        if (right.Minimum <= 0)
        {
            return new(Math.Min(left.Minimum, 0), left.Maximum);
        }

        long minimum = left.Minimum == long.MinValue ? long.MinValue : Math.Min(left.Minimum / right.Minimum, left.Minimum / Math.Max(1, right.Maximum)) - (left.Minimum < 0 ? 1 : 0);
        return new(minimum, left.Maximum == long.MaxValue ? long.MaxValue : Math.Max(left.Maximum / right.Minimum, left.Maximum / Math.Max(1, right.Maximum)));
    }

    private static long Add(long a, long b)
    {
        if (a == long.MaxValue || b == long.MaxValue)
        {
            return long.MaxValue;
        }

        if (a == long.MinValue || b == long.MinValue)
        {
            return long.MinValue;
        }

        return a > 0 && b > long.MaxValue - a ? long.MaxValue : a < 0 && b < long.MinValue - a ? long.MinValue : a + b;
    }

    private static long Multiply(long a, long b)
    {
        if (a == 0 || b == 0)
        {
            return 0;
        }

        // A product near the limit is as good as unbounded.
        double product = (double)a * b;
        return product >= 9.2e18 ? long.MaxValue : product <= -9.2e18 ? long.MinValue : a * b;
    }
}
