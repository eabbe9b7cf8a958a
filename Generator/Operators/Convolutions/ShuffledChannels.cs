using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Channels that are dealt out anew before a convolution ("Channel shuffle" of https://arxiv.org/abs/1707.01083): [batch, groups, channels, …] transposed to [batch, channels, groups, …] and taken
/// as channels again. No view can say that, but a kernel that takes one channel after the other can read each where it lies, without a copy of them all.
/// </summary>
/// <param name="Source">The channels before the shuffle.</param>
/// <param name="Groups">Groups that the channels before the shuffle lie in.</param>
/// <param name="Nodes">The nodes that are done with.</param>
internal sealed record ShuffledChannels(View Source, Dimension Groups, IReadOnlyList<string> Nodes)
{
    /// <summary>The shuffle that a value is the result of; null where it is none.</summary>
    /// <param name="value">[batch, channels, …].</param>
    /// <param name="context">Where values lie.</param>
    public static ShuffledChannels? TryFind(Value value, LoweringContext context)
    {
        // [batch, channels / groups, groups, …] as a view of [batch, groups, channels / groups, …].
        if (value.Producer is not { Type: "Reshape", Domain: "" } reshape || reshape.Input(0) is not { Producer: { } transpose } dealt || dealt.Shape.Rank != value.Shape.Rank + 1 || dealt.Constant is not null)
        {
            return null;
        }

        View view = context.Read(dealt);
        Dimension groups = dealt.Shape[2];
        bool splitsChannels = dealt.Shape[0] == value.Shape[0] && dealt.Shape[1] * groups == value.Shape[1] && dealt.Shape.Skip(3).SequenceEqual(value.Shape.Skip(2));
        View before = view.Permute([0, 2, 1, .. Enumerable.Range(3, dealt.Shape.Rank - 3)]);
        return splitsChannels && !view.IsContiguous && before.IsContiguous && before.Reshape(value.Shape) is { } source
            ? new ShuffledChannels(source, groups, [.. transpose.Origins, .. reshape.Origins])
            : null;
    }
}
