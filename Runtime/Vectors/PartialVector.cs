using System.Runtime.CompilerServices;

namespace Cameo.Vectors;

/// <summary>Loads and stores the first lanes of a vector, through a buffer on the stack: for tails only.</summary>
internal static unsafe class PartialVector
{
    private const int MaximumLanes = 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [SkipLocalsInit]
    public static V Load<V>(float* source, nint count)
        where V : struct, IVector<V>
    {
        float* lanes = stackalloc float[MaximumLanes];
        V.Store(V.Zero, lanes);
        for (nint lane = 0; lane < count; lane++)
        {
            lanes[lane] = source[lane];
        }

        return V.Load(lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [SkipLocalsInit]
    public static void Store<V>(V value, float* destination, nint count)
        where V : struct, IVector<V>
    {
        float* lanes = stackalloc float[MaximumLanes];
        V.Store(value, lanes);
        for (nint lane = 0; lane < count; lane++)
        {
            destination[lane] = lanes[lane];
        }
    }
}
