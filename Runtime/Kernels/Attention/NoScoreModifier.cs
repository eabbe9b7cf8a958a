using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Leaves scores as they are.</summary>
public readonly struct NoScoreModifier : IScoreModifier
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<V>(V score, nint batch, nint head, nint query, nint key)
        where V : struct, IVector<V> => score;
}
