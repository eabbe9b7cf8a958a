using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>What is done to each element of a matrix product before it is stored: bias, activation, residual and the like.</summary>
/// <remarks>Implemented by generated structs; must be pure but for what they store, as elements are finished in any order and on any thread.</remarks>
public interface IEpilogue
{
    /// <summary>
    /// Whether <see cref="Apply"/> stores what it makes of the sums itself, wherever that goes: the kernel then writes nothing, what Apply returns is not used, and the
    /// kernel's output may be null.
    /// </summary>
    static virtual bool Stores => false;

    /// <summary>
    /// Panels of 32 columns that belong together, counted from the first: of a row, one thread hands them over, in the order of columns. So an epilogue that stores may read back
    /// what it made of the panels before.
    /// </summary>
    static virtual int PanelsPerUnit => 1;

    /// <summary>Maps finished sums to what is stored.</summary>
    /// <typeparam name="V">Vector type; <see cref="ScalarFloat"/> for the last columns.</typeparam>
    /// <param name="value">Sums of neighbouring columns of one row.</param>
    /// <param name="row">Row of the output; in a batch, batch index · rows + row.</param>
    /// <param name="column">Column of lane 0. All lanes are columns of the output.</param>
    V Apply<V>(V value, nint row, nint column)
        where V : struct, IVector<V>;
}
