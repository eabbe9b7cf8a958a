using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>The sizes of an ONNX Attention node, whichever of the two layouts its operands have.</summary>
internal sealed class AttentionSizes
{
    public AttentionSizes(Node node)
    {
        Shape query = node.Input(0).Shape;
        Shape key = node.Input(1).Shape;
        Shape value = node.Input(2).Shape;
        if (query.Rank is not (3 or 4) || key.Rank != query.Rank || value.Rank != query.Rank)
        {
            throw new ModelException(node, $"query {query}, key {key} and value {value} must all have rank 3 or all rank 4");
        }

        Batch = query[0];
        if (query.Rank == 4)
        {
            (QueryHeads, QueryLength, HeadSize) = (query[1], query[2], query[3]);
            (KeyHeads, KeyLength, ValueHeadSize) = (key[1], key[2], value[3]);
        }
        else
        {
            long queryHeads = node.IntegerAttribute("q_num_heads", 0);
            long keyHeads = node.IntegerAttribute("kv_num_heads", 0);
            if (queryHeads <= 0 || keyHeads <= 0)
            {
                throw new ModelException(node, "operands of rank 3 need the attributes q_num_heads and kv_num_heads");
            }

            (QueryHeads, QueryLength, HeadSize) = (queryHeads, query[1], Dimension.FloorDivide(query[2], queryHeads));
            (KeyHeads, KeyLength, ValueHeadSize) = (keyHeads, key[1], Dimension.FloorDivide(value[2], keyHeads));
        }

        PastLength = node.OptionalInput(4)?.Shape[2] ?? Dimension.Zero;
        TotalLength = PastLength + KeyLength;
    }

    public Dimension Batch { get; }

    public Dimension QueryHeads { get; }

    public Dimension KeyHeads { get; }

    /// <summary>Query positions.</summary>
    public Dimension QueryLength { get; }

    /// <summary>New key positions, without the past.</summary>
    public Dimension KeyLength { get; }

    public Dimension PastLength { get; }

    public Dimension TotalLength { get; }

    public Dimension HeadSize { get; }

    public Dimension ValueHeadSize { get; }
}
