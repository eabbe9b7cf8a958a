using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A fused pointwise operator: a loop body over the elements of one row, run by <see cref="Loops.Elements"/>.</summary>
/// <remarks>
/// Implementations process full vectors with <c>V</c> and the rest with <see cref="ScalarFloat"/> through the same generic body.
/// Ranges of a row may run on several threads at once, on copies of the struct.
/// </remarks>
public interface IElementLoop
{
    /// <summary>Processes the elements [<paramref name="begin"/>, <paramref name="end"/>) of a row.</summary>
    /// <typeparam name="V">Vector type.</typeparam>
    /// <param name="row">Index of the row.</param>
    /// <param name="begin">First element.</param>
    /// <param name="end">One past the last element.</param>
    void Run<V>(long row, long begin, long end)
        where V : struct, IVector<V>;
}
