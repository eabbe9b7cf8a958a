using Cameo.Benchmarks.Reports;

namespace Cameo.Benchmarks.Suite;

/// <summary>Rows of the table that share what is expensive to make.</summary>
internal abstract class WorkGroup
{
    /// <summary>Part of the report.</summary>
    public abstract string Section { get; }

    /// <summary>Names of the rows, by which they are chosen.</summary>
    public abstract IReadOnlyList<string> Rows { get; }

    /// <summary>Rows that are measured only when they are asked for.</summary>
    public virtual IReadOnlyList<string> MoreRows => [];

    /// <summary>Measures rows.</summary>
    /// <param name="rows">Those of <see cref="Rows"/> and <see cref="MoreRows"/> that are wanted.</param>
    /// <param name="threads">Number of threads for every engine.</param>
    public abstract IEnumerable<Measurement> Measure(IReadOnlyList<string> rows, int threads);
}
