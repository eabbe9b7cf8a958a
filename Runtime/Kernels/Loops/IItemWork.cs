using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Work that is cut into items and written once for every vector type.</summary>
internal interface IItemWork
{
    /// <summary>Whether an instruction that only vectors of up to 256 bits have makes them faster than wider ones.</summary>
    static virtual bool PrefersNarrowVectors => false;

    /// <summary>Takes items until none is left.</summary>
    /// <param name="part">The part of the run this is, by which its scratch memory is found.</param>
    /// <param name="items">The items, shared by all parts.</param>
    void Run<V>(int part, ref ItemQueue items)
        where V : struct, IVector<V>;
}
