using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>A modifier behind the soft cap: it gets cap · tanh(score / cap), or the score as it is where the cap is 0.</summary>
/// <param name="cap">The cap.</param>
/// <param name="modifier">Modifies what is capped.</param>
internal readonly struct CappedScoreModifier<TScore>(float cap, TScore modifier) : IScoreModifier
    where TScore : struct, IScoreModifier
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<V>(V score, nint batch, nint head, nint query, nint key)
        where V : struct, IVector<V>
    {
        if (cap != 0)
        {
            V most = V.Broadcast(cap);
            score = most * VectorMath.Tanh(score / most);
        }

        return modifier.Apply(score, batch, head, query, key);
    }
}
