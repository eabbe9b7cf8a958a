using System.Globalization;
using System.Text.RegularExpressions;
using Cameo.Sessions;

namespace Cameo.Tests.Models;

/// <summary>
/// Compares outputs by the rule of the test data: equal shapes and element types; floating-point elements within
/// <c>atol + 1e-3·|expected|</c>, where <c>atol = 1e-5·max(1, max|expected|) + 4·d</c> and d is the set's stated difference, with an addition for narrow types;
/// integers equal, 8-bit quantised ones to within 1.
/// </summary>
internal static partial class OutputComparison
{
    private const double RelativeTolerance = 1e-3;
    private const double AbsoluteTolerance = 1e-5;
    private const int DifferenceFactor = 4;

    /// <summary>All differences, one line an output; empty where all is well.</summary>
    public static IReadOnlyList<string> Compare(DataSet set, IReadOnlyDictionary<string, Tensor> actual, double relativePrecision)
    {
        List<string> faults = [];
        foreach ((string name, Tensor expected) in set.Outputs)
        {
            if (!actual.TryGetValue(name, out Tensor? tensor))
            {
                faults.Add($"set {set.Number}: output '{name}' is missing; there are {string.Join(", ", actual.Keys)}");
            }
            else if (tensor.ElementType != expected.ElementType || !tensor.Shape.SequenceEqual(expected.Shape))
            {
                faults.Add($"set {set.Number}: output '{name}' is {tensor} instead of {expected}");
            }
            else if (FindDifference(set, tensor, expected, relativePrecision) is { } fault)
            {
                faults.Add($"set {set.Number}: output '{name}' {fault}");
            }
        }

        return faults;
    }

    private static string? FindDifference(DataSet set, Tensor actual, Tensor expected, double relativePrecision)
    {
        double[] expectedNumbers = TensorNumbers.Read(expected.ElementType, expected.Bytes);
        double[] actualNumbers = TensorNumbers.Read(actual.ElementType, actual.Bytes);
        bool floating = TensorNumbers.IsFloatingPoint(expected.ElementType);
        double largest = expectedNumbers.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max();
        double absolute = floating
            ? (AbsoluteTolerance * Math.Max(1, largest)) + (DifferenceFactor * set.Difference) + (relativePrecision * largest)
            : expected.ElementType is ElementType.Int8 or ElementType.UInt8 ? 1 : 0;
        Func<int, bool>? counts = MeaningfulPositions(set.Meaning, expected.Shape.ToArray());
        int wrong = 0;
        int worst = -1;
        double worstExcess = 0;
        for (int index = 0; index < expectedNumbers.Length; index++)
        {
            if (counts is not null && !counts(index))
            {
                continue;
            }

            double excess = Excess(actualNumbers[index], expectedNumbers[index], absolute, floating ? RelativeTolerance : 0);
            if (excess > 0)
            {
                wrong++;
                if (worst < 0 || excess > worstExcess)
                {
                    (worst, worstExcess) = (index, excess);
                }
            }
        }

        if (wrong == 0 && !floating && absolute == 0 && counts is null && !actual.Bytes.SequenceEqual(expected.Bytes))
        {
            // Large integers can differ and still be the same number in double precision.
            return $"{expected}: large integers differ";
        }

        return wrong == 0 ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"{expected}: {wrong} of {expectedNumbers.Length} elements are wrong; worst at {worst}: {actualNumbers[worst]:G9} instead of {expectedNumbers[worst]:G9}, tolerance {absolute:G3} + {RelativeTolerance:G3} relative");
    }

    /// <summary>By how much a number leaves its tolerance; 0 or less where it does not.</summary>
    private static double Excess(double actual, double expected, double absolute, double relative)
    {
        if (double.IsNaN(expected) || double.IsNaN(actual))
        {
            return double.IsNaN(expected) && double.IsNaN(actual) ? 0 : double.PositiveInfinity;
        }

        if (double.IsInfinity(expected) || double.IsInfinity(actual))
        {
            return actual.Equals(expected) ? 0 : double.PositiveInfinity;
        }

        return Math.Abs(actual - expected) - (absolute + (relative * Math.Abs(expected)));
    }

    /// <summary>
    /// Where the rows of a batch have different lengths, data.json names the positions of a cache [row, head, position, element] that count; null where all do.
    /// </summary>
    private static Func<int, bool>? MeaningfulPositions(string meaning, long[] shape)
    {
        Dictionary<int, (int First, int Last)> rows = [];
        foreach (Match match in RowPositions().Matches(meaning))
        {
            rows[Number(match, 1)] = (Number(match, 2), Number(match, 3));
        }

        if (rows.Count == 0 || shape.Length != 4)
        {
            return null;
        }

        return index =>
        {
            int position = (int)(index / shape[3] % shape[2]);
            int row = (int)(index / (shape[1] * shape[2] * shape[3]));
            return !rows.TryGetValue(row, out (int First, int Last) range) || (position >= range.First && position <= range.Last);
        };
    }

    private static int Number(Match match, int group) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"in row (\d+) of the present caches only positions (\d+)\.\.(\d+) have meaning")]
    private static partial Regex RowPositions();
}
