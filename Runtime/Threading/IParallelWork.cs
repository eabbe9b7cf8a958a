namespace Cameo.Threading;

/// <summary>
/// Work that is cut into parts which may run at the same time. Parts are cut by output: two parts never write the
/// same element and no reduction crosses a part, so that the result has the same bits for every number of threads.
/// </summary>
public interface IParallelWork
{
    /// <summary>Does one part. Every part from 0 to <paramref name="parts"/> − 1 is run exactly once, in any order and on any thread.</summary>
    /// <param name="part">Index of this part.</param>
    /// <param name="parts">Number of parts of the run.</param>
    void Run(int part, int parts);
}
