using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Loads the same tap of neighbouring windows.</summary>
internal unsafe interface IWindowLoad
{
    /// <summary>Lane i is <c>source[i · stride]</c>.</summary>
    static abstract V Load<V>(float* source, nint stride)
        where V : struct, IVector<V>;
}
