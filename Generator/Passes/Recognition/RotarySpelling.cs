using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>What is rotated and by which tables, wherever the arithmetic stands.</summary>
/// <param name="Input">The value whose last axis is rotated.</param>
/// <param name="Cosine">Cosines, broadcast to the input; as wide as it, or half as wide.</param>
/// <param name="Sine">Sines.</param>
/// <param name="IsInterleaved">Whether pairs are neighbours.</param>
/// <param name="IsByParts">Whether the parts of pairs are rotated one by one, so that tables have one entry a pair.</param>
internal sealed record RotarySpelling(Value Input, Value Cosine, Value Sine, bool IsInterleaved, bool IsByParts)
{
    /// <summary>x · cos + rotated(x) · sin, where rotated(x) has the second elements of pairs, negated, in the place of the first ones, and the first in that of the second.</summary>
    public static RotarySpelling? OfSum(Node sum, RecognitionContext context)
    {
        if (Matching.Producer(sum.Input(0), "Mul") is not { } left || Matching.Producer(sum.Input(1), "Mul") is not { } right)
        {
            return null;
        }

        foreach ((Node plain, Node turned) in new[] { (left, right), (right, left) })
        {
            for (int operand = 0; operand < 2; operand++)
            {
                if (Turned(turned.Input(operand), context) is not { } rotation)
                {
                    continue;
                }

                Value? cosine = Matching.Same(plain.Input(0), rotation.Whole) ? plain.Input(1)
                    : Matching.Same(plain.Input(1), rotation.Whole) ? plain.Input(0)
                    : null;
                if (cosine is null)
                {
                    context.Miss(PatternNames.RotaryEmbedding, sum, "what is multiplied with the cosines is not what is rotated");
                    return null;
                }

                Value x = plain.Input(0) == cosine ? plain.Input(1) : plain.Input(0);
                return new RotarySpelling(x, cosine, turned.Input(1 - operand), rotation.IsInterleaved, IsByParts: false);
            }
        }

        return null;
    }

    /// <summary>The parts one by one: x1 · cos - x2 · sin beside x2 · cos + x1 · sin.</summary>
    public static RotarySpelling? OfParts(Value result, RecognitionContext context)
    {
        if (PairJoin.Find(result) is not { } join
            || Matching.Producer(Matching.Narrowest(join.First), "Sub") is not { } difference
            || Matching.Producer(Matching.Narrowest(join.Second), "Add") is not { } sum
            || Product(difference.Input(0), 0, context) is not { } firstCosine
            || Product(difference.Input(1), 1, context) is not { } secondSine)
        {
            return null;
        }

        for (int operand = 0; operand < 2; operand++)
        {
            if (Product(sum.Input(operand), 1, context) is { } secondCosine && Product(sum.Input(1 - operand), 0, context) is { } firstSine)
            {
                PairPart part = firstCosine.Part;
                bool agree = new[] { secondSine.Part, secondCosine.Part, firstSine.Part }.All(other =>
                    other.IsInterleaved == part.IsInterleaved && Matching.Same(other.Whole, part.Whole));
                bool tablesAgree = Matching.Same(firstCosine.Table, secondCosine.Table) && Matching.Same(firstSine.Table, secondSine.Table);
                if (agree && tablesAgree && part.IsInterleaved == join.IsInterleaved)
                {
                    return new RotarySpelling(part.Whole, firstCosine.Table, firstSine.Table, part.IsInterleaved, IsByParts: true);
                }

                context.Miss(PatternNames.RotaryEmbedding, result.Producer!, !agree ? "the rotated parts are of different values"
                    : !tablesAgree ? "the two parts are rotated by different tables"
                    : "pairs are put together in another way than they were taken apart");
                return null;
            }
        }

        return null;
    }

    /// <summary>The value whose pairs stand turned by a right angle.</summary>
    private static (Value Whole, bool IsInterleaved)? Turned(Value value, RecognitionContext context)
    {
        if (PairJoin.Find(value) is not { } join || Negated(join.First) is not { } negated
            || PairPart.Find(negated, context.Graph.Symbols) is not { Index: 1 } second
            || PairPart.Find(join.Second, context.Graph.Symbols) is not { Index: 0 } first)
        {
            return null;
        }

        return Matching.Same(first.Whole, second.Whole) && first.IsInterleaved == second.IsInterleaved && join.IsInterleaved == first.IsInterleaved
            ? (first.Whole, first.IsInterleaved)
            : null;
    }

    private static Value? Negated(Value value)
    {
        value = Matching.Narrowest(value);
        return Matching.Producer(value, "Neg") is { } negation ? negation.Input(0)
            : Matching.Producer(value, "Mul") is not { } product ? null
            : Matching.IsNumber(product.Input(0), -1) ? product.Input(1)
            : Matching.IsNumber(product.Input(1), -1) ? product.Input(0)
            : null;
    }

    /// <summary>A product of one part of pairs and a table.</summary>
    private static (PairPart Part, Value Table)? Product(Value value, int index, RecognitionContext context)
    {
        if (Matching.Producer(Matching.Narrowest(value), "Mul") is not { } product)
        {
            return null;
        }

        for (int operand = 0; operand < 2; operand++)
        {
            if (PairPart.Find(product.Input(operand), context.Graph.Symbols) is { } part && part.Index == index && part.Whole.Shape.Rank >= product.Input(1 - operand).Shape.Rank)
            {
                return (part, product.Input(1 - operand));
            }
        }

        return null;
    }
}
