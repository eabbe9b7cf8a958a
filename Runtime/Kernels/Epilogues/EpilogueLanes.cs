using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>For epilogues that store: vectors whose lanes do not all go to the same place.</summary>
public static unsafe class EpilogueLanes
{
    private const int MaximumLanes = 16;

    /// <summary>Hands the first lanes of a vector to an epilogue one by one.</summary>
    /// <typeparam name="V">Vector type.</typeparam>
    /// <typeparam name="TEpilogue">The epilogue.</typeparam>
    /// <param name="epilogue">The epilogue.</param>
    /// <param name="value">Sums of neighbouring columns of one row.</param>
    /// <param name="row">Row of the output.</param>
    /// <param name="column">Column of lane 0.</param>
    /// <param name="count">Lanes to hand over; 0 or less for none.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Apply<V, TEpilogue>(in TEpilogue epilogue, V value, nint row, nint column, nint count)
        where V : struct, IVector<V>
        where TEpilogue : struct, IEpilogue
    {
        float* lanes = stackalloc float[MaximumLanes];
        V.Store(value, lanes);
        TEpilogue copy = epilogue;
        for (nint lane = 0; lane < Math.Min(count, V.Count); lane++)
        {
            copy.Apply(new ScalarFloat(lanes[lane]), row, column + lane);
        }
    }
}
