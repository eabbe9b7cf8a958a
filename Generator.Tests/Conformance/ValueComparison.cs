using System.Globalization;
using System.Text;
using Cameo.Sessions;
using Cameo.Tests.Models;

namespace Cameo.Tests.Conformance;

/// <summary>Compares values as ONNX's runner does: equal kinds, element types and shapes; strings equal; every number within the tolerance, NaN equal to NaN, infinities equal to themselves.</summary>
internal sealed class ValueComparison
{
    // Next to larger elements a small one is what remains of sums in which the larger ones' rounding errors stay.
    private const double SmallestShare = 1.0 / 1024;

    /// <summary>The largest difference seen so far between floating-point numbers, in units in the last place of the expected one.</summary>
    public double MaximumUlp { get; private set; }

    /// <summary>What is wrong; null if nothing is.</summary>
    public string? Compare(CaseValue? actual, CaseValue expected, Func<ElementType, Tolerance> tolerance)
    {
        (CaseValue? found, CaseValue? wanted) = (actual?.Content, expected.Content);
        return (found, wanted) switch
        {
            (null, null) => null,
            (TensorValue a, TensorValue e) => CompareTensors(a, e, tolerance(e.ElementType)),
            (SequenceValue a, SequenceValue e) when a.Elements.Count == e.Elements.Count => a.Elements
                .Zip(e.Elements, (left, right) => Compare(left, right, tolerance))
                .FirstOrDefault(static fault => fault is not null),
            _ => $"is {found?.ToString() ?? "nothing"} instead of {wanted?.ToString() ?? "nothing"}",
        };
    }

    private string? CompareTensors(TensorValue actual, TensorValue expected, Tolerance tolerance)
    {
        if (actual.ElementType != expected.ElementType || !actual.Shape.SequenceEqual(expected.Shape))
        {
            return $"is {actual} instead of {expected}";
        }

        if (expected.Strings is not null)
        {
            return CompareStrings(actual, expected);
        }

        if (actual.Bytes.AsSpan().SequenceEqual(expected.Bytes))
        {
            return null;
        }

        double[] a = TensorNumbers.Read(actual.ElementType, actual.Bytes);
        double[] e = TensorNumbers.Read(expected.ElementType, expected.Bytes);
        return CompareNumbers(a, e, tolerance, expected.ElementType);
    }

    private static string? CompareStrings(TensorValue actual, TensorValue expected)
    {
        for (int index = 0; index < expected.Strings!.Count; index++)
        {
            if (!actual.Strings![index].AsSpan().SequenceEqual(expected.Strings[index]))
            {
                return $"'{Encoding.UTF8.GetString(actual.Strings[index])}' at {index} instead of '{Encoding.UTF8.GetString(expected.Strings[index])}'";
            }
        }

        return null;
    }

    private string? CompareNumbers(double[] actual, double[] expected, Tolerance tolerance, ElementType type)
    {
        int wrong = 0, worst = -1;
        double worstExcess = 0;
        double smallest = expected.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max() * SmallestShare;
        bool differs = false;
        for (int index = 0; index < expected.Length; index++)
        {
            (double a, double e) = (actual[index], expected[index]);
            differs |= !a.Equals(e);
            double excess = a.Equals(e) || a == e ? 0
                : double.IsFinite(a) && double.IsFinite(e) ? Math.Abs(a - e) - (tolerance.Absolute + (tolerance.Relative * Math.Abs(e)))
                : double.PositiveInfinity;
            if (excess > 0)
            {
                wrong++;
                if (worst < 0 || excess > worstExcess)
                {
                    (worst, worstExcess) = (index, excess);
                }
            }
            else if (Math.Abs(e) >= smallest && double.IsFinite(e))
            {
                MaximumUlp = Math.Max(MaximumUlp, Math.Abs(a - e) / UnitInTheLastPlace(e, type));
            }
        }

        // Large integers can differ and still be the same number in double precision.
        return wrong > 0 ? string.Create(CultureInfo.InvariantCulture, $"{wrong} of {expected.Length} elements are wrong; worst at {worst}: {actual[worst]:G9} instead of {expected[worst]:G9}")
            : !differs && tolerance.Relative == 0 && !TensorNumbers.IsFloatingPoint(type) ? "large integers differ"
            : null;
    }

    private static double UnitInTheLastPlace(double value, ElementType type)
    {
        (int digits, int smallestExponent) = type switch
        {
            ElementType.Float32 or ElementType.Complex64 => (23, -126),
            ElementType.Float16 => (10, -14),
            ElementType.BFloat16 => (7, -126),
            ElementType.Float64 or ElementType.Complex128 => (52, -1022),
            _ => (0, 0),
        };
        return digits == 0 ? double.PositiveInfinity : Math.ScaleB(1, Math.Max(value == 0 ? smallestExponent : Math.ILogB(value), smallestExponent) - digits);
    }
}
