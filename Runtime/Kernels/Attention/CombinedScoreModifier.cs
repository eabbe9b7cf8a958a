using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Two modifiers, one after the other.</summary>
/// <typeparam name="TFirst">Modifies the scores.</typeparam>
/// <typeparam name="TSecond">Modifies what the first returns.</typeparam>
/// <param name="first">Modifies the scores.</param>
/// <param name="second">Modifies what the first returns.</param>
public readonly struct CombinedScoreModifier<TFirst, TSecond>(TFirst first, TSecond second) : IScoreModifier
    where TFirst : struct, IScoreModifier
    where TSecond : struct, IScoreModifier
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<V>(V score, nint batch, nint head, nint query, nint key)
        where V : struct, IVector<V>
        => second.Apply(first.Apply(score, batch, head, query, key), batch, head, query, key);
}
