using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A fused operator that needs a whole row at once (softmax, normalisation, reduction), run by <see cref="Loops.Rows"/>.</summary>
/// <remarks>Rows may run on several threads at once, on copies of the struct.</remarks>
public interface IRowLoop
{
    /// <summary>Processes one row.</summary>
    /// <typeparam name="V">Vector type.</typeparam>
    /// <param name="row">Index of the row.</param>
    void Run<V>(long row)
        where V : struct, IVector<V>;
}
