using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>The rotation of queries and keys that attention operators of com.microsoft do themselves, as RotaryEmbedding.</summary>
/// <param name="node">The node, whose attribute <c>rotary_interleaved</c> says which elements are pairs.</param>
/// <param name="cosine">Cosines [positions, half of the rotated elements].</param>
/// <param name="sine">Sines, as the cosines.</param>
/// <param name="positions">Positions [batch, sequence], int64.</param>
/// <param name="context">Where nodes are added.</param>
internal sealed class HeadRotation(Node node, Value cosine, Value sine, Value positions, ExpansionContext context)
{
    /// <summary>The positions [batch, sequence] of a query's new tokens: they go on behind what a row has before.</summary>
    /// <param name="query">[batch, sequence, …].</param>
    /// <param name="lengths">Keys of each row, new ones among them.</param>
    /// <param name="context">Where nodes are added.</param>
    public static Value RowPositions(Value query, Value lengths, ExpansionContext context)
    {
        var formula = new Formula(context);
        Value sequence = context.Add("Shape", [("start", 1L), ("end", 2L)], query);
        Value zero = context.Literal(0, ElementType.Int64);
        Value total = formula.Cast(lengths, ElementType.Int64);
        Value past = context.Add("Max", formula.Subtract(total, sequence), zero);
        Value steps = context.Add("Range", zero, formula.Squeeze(sequence, [0]), context.Literal(1, ElementType.Int64));
        return formula.Add(context.Add("Unsqueeze", past, context.Integers(1)), context.Add("Unsqueeze", steps, context.Integers(0)));
    }

    /// <summary>Rotates [batch, sequence, heads · size].</summary>
    public Value Apply(Value operand, long heads, long headSize)
    {
        if (cosine.Shape.Rank != 2 || cosine.Shape[1].Value is not { } half || 2 * half > headSize)
        {
            throw ModelException.Unsupported(node, $"cosines of shape {cosine.Shape} for heads of {headSize}");
        }

        return context.Add(
            "RotaryEmbedding",
            [("num_heads", heads), ("interleaved", node.IntegerAttribute("rotary_interleaved", 0)), ("rotary_embedding_dim", 2 * half == headSize ? 0 : 2 * half)],
            operand, cosine, sine, positions);
    }
}
