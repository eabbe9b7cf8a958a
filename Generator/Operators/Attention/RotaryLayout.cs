using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Operands and sizes of a RotaryEmbedding node, checked.</summary>
internal sealed class RotaryLayout
{
    public RotaryLayout(Node node)
    {
        Input = node.Input(0);
        Cosine = node.Input(1);
        Sine = node.Input(2);
        Positions = node.OptionalInput(3);
        IsInterleaved = node.IntegerAttribute("interleaved", 0) != 0;
        (Heads, HeadSize) = SplitHeads(node, Input);
        long rotarySize = node.IntegerAttribute("rotary_embedding_dim", 0);
        RotarySize = rotarySize > 0 ? rotarySize : HeadSize;

        Shape table = Cosine.Shape;
        bool fits = table.Rank < 2 ? false : Positions is null ? table.Rank == 3 || (table.Rank == 4 && Input.Shape.Rank == 4) : table.Rank == 2 && Positions.Shape.Rank == 2;
        Dimension positions = table[table.Rank == 3 ? 1 : table.Rank == 4 ? 2 : 0];
        fits &= Positions is not null || positions == Sequence || !positions.IsStatic || !Sequence.IsStatic;
        if (!fits || !Sine.Shape.Equals(table))
        {
            throw new ModelException(node, $"tables of {table} and {Sine.Shape} do not fit the input of {Input.Shape}{(Positions is null ? "" : $" and positions of {Positions.Shape}")}");
        }

        Dimension width = table[table.Rank - 1];
        if ((RotarySize - width).Value is null || (RotarySize - width * 2).Value == 0)
        {
            HasEntryPerElement = false;
        }
        else if (width == RotarySize)
        {
            HasEntryPerElement = true;
        }
        else
        {
            throw new ModelException(node, $"tables of {table} do not fit {RotarySize} rotated elements");
        }

        TablePositions = positions;
    }

    public Value Input { get; }

    public Value Cosine { get; }

    public Value Sine { get; }

    public Value? Positions { get; }

    public Dimension Heads { get; }

    public Dimension HeadSize { get; }

    /// <summary>Elements of a head that are rotated.</summary>
    public Dimension RotarySize { get; }

    public bool IsInterleaved { get; }

    /// <summary>Whether the tables are as wide as the rotated part.</summary>
    public bool HasEntryPerElement { get; }

    /// <summary>How many positions the tables have.</summary>
    public Dimension TablePositions { get; }

    /// <summary>New positions of each row.</summary>
    public Dimension Sequence => Input.Shape[Input.Shape.Rank == 4 ? 2 : 1];

    private static (Dimension Heads, Dimension HeadSize) SplitHeads(Node node, Value x)
    {
        if (x.Shape.Rank == 4)
        {
            return (x.Shape[1], x.Shape[3]);
        }

        long heads = node.IntegerAttribute("num_heads", 0);
        return heads > 0 ? (heads, Dimension.FloorDivide(x.Shape[2], heads)) : throw new ModelException(node, "an input of rank 3 needs the attribute num_heads");
    }
}
