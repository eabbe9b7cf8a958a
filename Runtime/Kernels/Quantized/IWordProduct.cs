using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>How a word of four signed bytes of each column (lane) meets four elements of a row, exactly, with sums in int32.</summary>
internal interface IWordProduct
{
    /// <summary>Int32s that four elements of a row take.</summary>
    static abstract int LeftInts { get; }

    /// <summary>The part of the words that <paramref name="words"/> must be turned into to meet the first int32 of the row.</summary>
    static abstract V First<V>(V words)
        where V : struct, IVector<V>;

    /// <summary>The same for the second int32; not used where there is none.</summary>
    static abstract V Second<V>(V words)
        where V : struct, IVector<V>;

    /// <summary>Sums + dot products of the words' parts with the row's int32s, each in all lanes.</summary>
    static abstract V Add<V>(V sums, V first, V second, V left0, V left1)
        where V : struct, IVector<V>;
}
