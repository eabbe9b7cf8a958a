using Cameo.Sessions;
using Xunit;

namespace Cameo.Tests.Operators.DoublePrecision;

/// <summary>Numbers that float32 does not hold, and comparison far beyond its precision.</summary>
internal static class Doubles
{
    /// <summary>Numbers in −1 … 1 that depend on the name alone.</summary>
    public static double[] Numbers(string name, params long[] sizes)
    {
        var random = new Random(name.Aggregate(17, static (hash, character) => unchecked((hash * 31) + character)));
        return [.. Enumerable.Range(0, (int)sizes.Aggregate(1L, static (product, size) => product * size)).Select(_ => (random.NextDouble() * 2) - 1)];
    }

    public static double[] Run(CompiledSession session, string output, params (string Name, Tensor Value)[] inputs) =>
        session.Run(inputs.ToDictionary(static input => input.Name, static input => input.Value))[output].AsSpan<double>().ToArray();

    /// <summary>Equal but for the order of sums: 1e-12 relative to numbers of about 1.</summary>
    public static void AreEqual(IReadOnlyList<double> expected, IReadOnlyList<double> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        for (int index = 0; index < expected.Count; index++)
        {
            Assert.Equal(expected[index], actual[index], 1e-12 * Math.Max(1, Math.Abs(expected[index])));
        }
    }
}
