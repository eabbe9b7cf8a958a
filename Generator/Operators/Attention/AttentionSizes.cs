using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>The sizes of an attention (ONNX's or the canonical one), whichever of the two layouts each of its operands has.</summary>
internal sealed class AttentionSizes
{
    private readonly Node _node;
    private readonly List<(string What, Dimension Difference)> _differences = [];

    public AttentionSizes(Node node)
    {
        Shape query = node.Input(AttentionNode.Query).Shape;
        Shape key = node.Input(AttentionNode.Key).Shape;
        Shape value = node.Input(AttentionNode.Value).Shape;
        Batch = query[0];
        IsQueryFlat = query.Rank == 3;
        (QueryHeads, QueryLength, HeadSize) = Split(node, query, AttentionNode.QueryHeads);
        (KeyHeads, KeyLength, Dimension keySize) = Split(node, key, AttentionNode.KeyHeads);
        (Dimension valueHeads, Dimension valueLength, ValueHeadSize) = Split(node, value, AttentionNode.KeyHeads);
        _node = node;
        Check("batch sizes of query and key", query[0], key[0]);
        Check("batch sizes of query and value", query[0], value[0]);
        Check("head sizes of query and key", HeadSize, keySize);
        Check("heads of key and value", KeyHeads, valueHeads);
        Check("lengths of key and value", KeyLength, valueLength);
        if (QueryHeads.Value is { } queries && KeyHeads.Value is { } keys && (keys == 0 || queries % keys != 0))
        {
            throw new ModelException(node, $"{queries} query heads cannot share {keys} key heads evenly");
        }

        if (node.OptionalInput(AttentionNode.PastKey) is { } pastKey && node.OptionalInput(AttentionNode.PastValue) is { } pastValue)
        {
            if (pastKey.Shape.Rank != 4 || pastValue.Shape.Rank != 4)
            {
                throw new ModelException(node, $"past keys {pastKey.Shape} and values {pastValue.Shape} must have rank 4");
            }

            PastLength = pastKey.Shape[2];
            Check("lengths of past keys and values", PastLength, pastValue.Shape[2]);
            Check("batch sizes of query and past", Batch, pastKey.Shape[0]);
            Check("heads of key and past", KeyHeads, pastKey.Shape[1]);
            Check("head sizes of key and past", HeadSize, pastKey.Shape[3]);
            Check("head sizes of value and past", ValueHeadSize, pastValue.Shape[3]);
        }
        else
        {
            PastLength = Dimension.Zero;
        }

        TotalLength = AttentionNode.Is(node)
            ? PresentLength(
                PastLength,
                KeyLength,
                node.OptionalInput(AttentionNode.TotalLength)?.Elements is [var total] ? total : null,
                node.IntegerAttribute(AttentionNode.KeepsLength, 0) != 0)
            : PastLength + KeyLength;
    }

    public Dimension Batch { get; }

    public Dimension QueryHeads { get; }

    public Dimension KeyHeads { get; }

    /// <summary>Query positions.</summary>
    public Dimension QueryLength { get; }

    /// <summary>New key positions, without the past.</summary>
    public Dimension KeyLength { get; }

    public Dimension PastLength { get; }

    /// <summary>Keys in memory, past included: the length of the present.</summary>
    public Dimension TotalLength { get; }

    public Dimension HeadSize { get; }

    public Dimension ValueHeadSize { get; }

    /// <summary>Whether query and output are [batch, sequence, heads · size].</summary>
    public bool IsQueryFlat { get; }

    public Shape OutputShape => IsQueryFlat
        ? new Shape([Batch, QueryLength, QueryHeads * ValueHeadSize])
        : new Shape([Batch, QueryHeads, QueryLength, ValueHeadSize]);

    public Shape PresentKeyShape => new([Batch, KeyHeads, TotalLength, HeadSize]);

    public Shape PresentValueShape => new([Batch, KeyHeads, TotalLength, ValueHeadSize]);

    public Shape ScoresShape => new([Batch, QueryHeads, QueryLength, TotalLength]);

    /// <summary>How long the present is: where the keys of the longest row are known, as long as they or as the past.</summary>
    public static Dimension PresentLength(Dimension past, Dimension current, Dimension? total, bool keepsLength) =>
        keepsLength ? past
            : total is null ? past + current
            : total - past == current ? total
            : Dimension.Maximum(total, past);

    private static (Dimension Heads, Dimension Length, Dimension Size) Split(Node node, Shape shape, string headsAttribute)
    {
        if (shape.Rank == 4)
        {
            return (shape[1], shape[2], shape[3]);
        }

        if (shape.Rank != 3)
        {
            throw new ModelException(node, $"operands must have rank 3 or 4, but one is {shape}");
        }

        long heads = node.IntegerAttribute(headsAttribute, 0);
        return heads <= 0 ? throw new ModelException(node, $"operands of rank 3 need the attribute '{headsAttribute}'")
            : shape[2].Value is { } size && size % heads != 0 ? throw new ModelException(node, $"{size} elements cannot be split into {heads} heads")
            : (heads, shape[1], Dimension.FloorDivide(shape[2], heads));
    }

    /// <summary>Adds what only a run can tell of sizes that must be equal, so that a run with others is refused.</summary>
    public void Require(Graph graph)
    {
        foreach ((string what, Dimension difference) in _differences)
        {
            graph.Require(new SizeRequirement(difference, 0, $"difference between the {what} of {_node}"));
        }
    }

    private void Check(string what, Dimension left, Dimension right)
    {
        Dimension difference = left - right;
        if (difference.Value is null)
        {
            _differences.Add((what, difference));
        }
        else if (difference.Value != 0)
        {
            throw new ModelException(_node, $"the {what} differ: {left} and {right}");
        }
    }
}
