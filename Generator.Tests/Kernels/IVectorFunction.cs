using Cameo.Vectors;

namespace Cameo.Tests.Kernels;

/// <summary>A function under test with what it must equal.</summary>
internal interface IVectorFunction
{
    static abstract V Invoke<V>(V value)
        where V : struct, IVector<V>;

    static abstract double Expected(double value);
}
