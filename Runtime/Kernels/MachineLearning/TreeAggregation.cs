namespace Cameo.Kernels;

/// <summary>How a tree ensemble combines what its trees say, by the numbers of <c>aggregate_function</c>.</summary>
public enum TreeAggregation
{
    /// <summary>Their sum, divided by the number of trees.</summary>
    Average = 0,

    /// <summary>Their sum.</summary>
    Sum = 1,

    /// <summary>The smallest.</summary>
    Minimum = 2,

    /// <summary>The largest.</summary>
    Maximum = 3,
}
