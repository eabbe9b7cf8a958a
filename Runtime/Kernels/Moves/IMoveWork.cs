namespace Cameo.Kernels;

/// <summary>A move of independent items.</summary>
internal interface IMoveWork
{
    /// <summary>Moves items from <paramref name="begin"/> (inclusive) to <paramref name="end"/> (exclusive).</summary>
    void Run(long begin, long end);
}
