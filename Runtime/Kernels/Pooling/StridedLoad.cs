using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Windows with any stride.</summary>
internal readonly unsafe struct StridedLoad : IWindowLoad
{
    private const int MaximumLanes = 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [SkipLocalsInit]
    public static V Load<V>(float* source, nint stride)
        where V : struct, IVector<V>
    {
        float* lanes = stackalloc float[MaximumLanes];
        for (int lane = 0; lane < V.Count; lane++)
        {
            lanes[lane] = source[lane * stride];
        }

        return V.Load(lanes);
    }
}
