using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Standardised rows: (x - mean) / sqrt(variance + epsilon), or x / sqrt(mean of squares + epsilon) where rows are not centred.</summary>
/// <param name="Normalized">The standardised elements.</param>
/// <param name="Mean">The rows' means; null where rows are not centred.</param>
/// <param name="InverseDeviation">1 / sqrt(… + epsilon) of each row.</param>
internal sealed record RowStatistics(Value Normalized, Value? Mean, Value InverseDeviation)
{
    /// <summary>Two passes: deviations from the mean are squared, not squares subtracted from each other.</summary>
    public static RowStatistics Write(Formula formula, Value x, IReadOnlyList<int> axes, double epsilon, bool centers)
    {
        Value? mean = centers ? formula.Mean(x, axes) : null;
        Value deviation = mean is null ? x : formula.Subtract(x, mean);
        Value variance = formula.Mean(formula.Multiply(deviation, deviation), axes);
        Value inverse = formula.Apply("Reciprocal", formula.Apply("Sqrt", formula.Add(variance, formula.Number(epsilon, x))));
        return new RowStatistics(formula.Multiply(deviation, inverse), mean, inverse);
    }
}
