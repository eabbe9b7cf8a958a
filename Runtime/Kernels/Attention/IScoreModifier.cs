using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// What is done to attention scores (already scaled and soft-capped) before the softmax: masks, biases, slopes and the like. Or what is done to the probabilities behind it.
/// </summary>
/// <remarks>
/// Implemented by generated structs; must be pure, as scores are modified in any order, on any thread, and more than once. Returning negative
/// infinity for a score takes a key out of the sum. Keys that causality, the window or a row's length already exclude may or may not be asked for; a probability of one is asked for where
/// <see cref="AttentionArguments.WeighsUnseen"/> says so, and is 0.
/// </remarks>
public interface IScoreModifier
{
    /// <summary>Maps scores of neighbouring keys to what the softmax sees, or their probabilities to what their values are weighted with.</summary>
    /// <typeparam name="V">Vector type; <see cref="ScalarFloat"/> for the last keys. All lanes are keys that exist.</typeparam>
    /// <param name="score">Scores or probabilities of the keys <paramref name="key"/>, <paramref name="key"/> + 1 and so on.</param>
    /// <param name="batch">Row of the batch.</param>
    /// <param name="head">Query head.</param>
    /// <param name="query">Query position within this run, counted from 0 and including padding.</param>
    /// <param name="key">Key position of lane 0: past keys come first.</param>
    V Apply<V>(V score, nint batch, nint head, nint query, nint key)
        where V : struct, IVector<V>;
}
