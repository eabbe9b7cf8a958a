namespace Cameo.Benchmarks.Suite;

/// <summary>Compares results before anything is measured.</summary>
internal static class Comparison
{
    /// <summary>The largest difference as a share of the largest expected element.</summary>
    /// <exception cref="InvalidOperationException">It is above the tolerance, or not a number.</exception>
    public static double Check(string what, ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, double tolerance)
    {
        if (actual.Length != expected.Length)
        {
            throw new InvalidOperationException($"{what}: {actual.Length} elements instead of {expected.Length}.");
        }

        double largest = 0, difference = 0;
        for (int index = 0; index < actual.Length; index++)
        {
            largest = Math.Max(largest, Math.Abs(expected[index]));
            difference = Math.Max(difference, Math.Abs((double)actual[index] - expected[index]));
        }

        double share = difference == 0 ? 0 : difference / largest;
        return share <= tolerance ? share : throw new InvalidOperationException($"{what}: results differ by {share:P2} of the largest one, {largest:G4}.");
    }
}
