using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Cameo.Vectors;

/// <summary>Runs an action with the vector type of <see cref="VectorWidth"/>.</summary>
public static class VectorDispatch
{
    /// <summary>Calls <see cref="IVectorAction.Run"/> with the widest vector type of this process.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run<TAction>(ref TAction action)
        where TAction : struct, IVectorAction
    {
        if (Vector512.IsHardwareAccelerated)
        {
            action.Run<Vector512Float>();
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            action.Run<Vector256Float>();
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            action.Run<Vector128Float>();
        }
        else
        {
            action.Run<ScalarFloat>();
        }
    }
}
