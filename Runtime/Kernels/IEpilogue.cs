using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>What is done to each element of a matrix product before it is stored: bias, activation, residual and the like.</summary>
/// <remarks>Implemented by generated structs; must be pure, as elements are finished in any order and on any thread.</remarks>
public interface IEpilogue
{
    /// <summary>Maps finished sums to what is stored.</summary>
    /// <typeparam name="V">Vector type; <see cref="ScalarFloat"/> for the last columns.</typeparam>
    /// <param name="value">Sums of neighbouring columns of one row.</param>
    /// <param name="row">Row of the output; in a batch, batch index · rows + row.</param>
    /// <param name="column">Column of lane 0. All lanes are columns of the output.</param>
    V Apply<V>(V value, nint row, nint column)
        where V : struct, IVector<V>;
}
