using System.Globalization;
using Cameo.Benchmarks.Peers;
using Cameo.Fuzzing.Models;
using Cameo.Sessions;
using Cameo.Tests.Models;

namespace Cameo.Fuzzing.Checking;

/// <summary>Compares an output with the reference: every element within a tolerance of its type and what disturbed runs of the reference say of its conditioning.</summary>
internal static class OutputJudge
{
    // The samples see a part of what rounding can do; what they do not see is not far above it.
    private const double SpreadFactor = 8;

    // Inputs are of order 1. Where numbers of that order cancel, what is left is rounding alone, half a unit in the last place of them; a reference that happens to get an exact 0
    // for all elements shows it to no sample, as samples are disturbed by factors.
    private const double SingleCancellation = 1e-7;

    // An element whose samples happen to agree is as uncertain as its neighbours.
    private const double NeighbourShare = 0.5;

    /// <summary>What is wrong; null if nothing is.</summary>
    /// <param name="actual">The tensor to judge.</param>
    /// <param name="expected">The reference.</param>
    /// <param name="samples">Disturbed references.</param>
    public static string? Compare(OnnxRuntimeTensor actual, OnnxRuntimeTensor expected, IReadOnlyList<OnnxRuntimeTensor> samples)
    {
        if (actual.ElementType != expected.ElementType)
        {
            return $"elements are {(ElementType)actual.ElementType} instead of {(ElementType)expected.ElementType}";
        }

        if (samples.Any(sample => !sample.Shape.SequenceEqual(expected.Shape)))
        {
            // Its very size hangs on rounding.
            return null;
        }

        if (Elements.Count(expected.Shape) == 0 && actual.Shape.Length > expected.Shape.Length && actual.Shape.AsSpan().StartsWith(expected.Shape))
        {
            // What a loop without iterations collects: ONNX Runtime has no shape for it where the body declares none.
            return null;
        }

        if (!actual.Shape.SequenceEqual(expected.Shape))
        {
            return $"has shape [{string.Join(", ", actual.Shape)}] instead of [{string.Join(", ", expected.Shape)}]";
        }

        return actual.Bytes.AsSpan().SequenceEqual(expected.Bytes)
            ? null
            : CompareNumbers(Elements.Numbers(actual), Elements.Numbers(expected), [.. samples.Select(Elements.Numbers)], (ElementType)expected.ElementType);
    }

    private static string? CompareNumbers(double[] actual, double[] expected, double[][] samples, ElementType type)
    {
        (double relative, double share) = BaseTolerance(type);
        double[] spread = new double[expected.Length];
        double squares = 0;
        for (int index = 0; index < expected.Length; index++)
        {
            spread[index] = Spread(expected[index], samples, index);
            squares += double.IsFinite(spread[index]) ? spread[index] * spread[index] : 0;
        }

        double neighbours = TensorNumbers.IsFloatingPoint(type) ? Math.Sqrt(squares / Math.Max(1, expected.Length)) * NeighbourShare : 0;
        double largest = expected.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max();
        int wrong = 0, worst = -1;
        double worstExcess = 0;
        for (int index = 0; index < expected.Length; index++)
        {
            (double a, double e) = (actual[index], expected[index]);
            if (a.Equals(e) || a == e || double.IsPositiveInfinity(spread[index]))
            {
                continue;
            }

            double tolerance = (type == ElementType.Float32 ? SingleCancellation : 0) + (relative * Math.Abs(e)) + (share * largest) + (SpreadFactor * Math.Max(spread[index], neighbours));
            double excess = double.IsFinite(a) && double.IsFinite(e) ? Math.Abs(a - e) - tolerance : double.PositiveInfinity;
            if (excess > 0)
            {
                wrong++;
                (worst, worstExcess) = worst < 0 || excess > worstExcess ? (index, excess) : (worst, worstExcess);
            }
        }

        return wrong == 0
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{wrong} of {expected.Length} elements are wrong; worst at {worst}: {actual[worst]:G9} instead of {expected[worst]:G9} (conditioning {spread[worst]:G3})");
    }

    /// <summary>By how much samples differ from the reference; infinite where they are not even numbers alike.</summary>
    private static double Spread(double expected, double[][] samples, int index)
    {
        double spread = 0;
        foreach (double[] sample in samples)
        {
            double value = sample[index];
            if (double.IsFinite(value) != double.IsFinite(expected) || double.IsNaN(value) != double.IsNaN(expected))
            {
                return double.PositiveInfinity;
            }

            if (double.IsFinite(expected))
            {
                spread = Math.Max(spread, Math.Abs(value - expected));
            }
        }

        return spread;
    }

    /// <summary>
    /// What a single operator may be off, and the share of the largest element that an element may be off. A tenth of what ONNX's runner allows for float32; the narrow types
    /// a few units in the last place, since fused operators round less often.
    /// </summary>
    private static (double Relative, double ShareOfLargest) BaseTolerance(ElementType type) => type switch
    {
        ElementType.Float32 => (1e-4, 2e-6),
        ElementType.Float64 => (1e-7, 1e-9),
        ElementType.Float16 => (4e-3, 1e-3),
        ElementType.BFloat16 => (3e-2, 8e-3),
        _ => (0, 0),
    };
}
