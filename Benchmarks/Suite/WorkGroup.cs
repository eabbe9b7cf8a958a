using Cameo.Benchmarks.Reports;

namespace Cameo.Benchmarks.Suite;

/// <summary>Rows of the table that share what is expensive to make.</summary>
internal abstract class WorkGroup
{
    /// <summary>Names of the rows, by which they are chosen.</summary>
    public abstract IReadOnlyList<string> Rows { get; }

    /// <summary>Measures rows.</summary>
    /// <param name="rows">Those of <see cref="Rows"/> that are wanted.</param>
    /// <param name="threads">Number of threads for every engine.</param>
    public abstract IEnumerable<Measurement> Measure(IReadOnlyList<string> rows, int threads);
}
