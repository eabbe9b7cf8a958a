using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Rotary embedding in terms of slices, products and sums: for types that have no kernel.</summary>
internal static class RotaryFormula
{
    public static Value Write(RotaryLayout layout, Formula formula, ExpansionContext context)
    {
        Value x = layout.Input;
        bool isFlat = x.Shape.Rank == 3;
        if (isFlat)
        {
            // Heads beside positions; the tables get an axis for them.
            x = context.Add("Reshape", x, context.Integers(0, 0, Known(layout.Heads), Known(layout.HeadSize)));
        }

        (Value cosine, Value sine) = (Table(layout.Cosine, layout, isFlat ? 2 : 1, context), Table(layout.Sine, layout, isFlat ? 2 : 1, context));
        long size = Known(layout.RotarySize);
        Value Part(Value value, long start, long end, long step = 1) =>
            context.Add("Slice", value, context.Integers(start), context.Integers(end), context.Integers(-1), context.Integers(step));
        (Value First, Value Second) Pairs(Value value) => layout.IsInterleaved
            ? (Part(value, 0, size, 2), Part(value, 1, size, 2))
            : (Part(value, 0, size / 2), Part(value, size / 2, size));

        (Value first, Value second) = Pairs(x);
        (Value firstCosine, Value secondCosine) = layout.HasEntryPerElement ? Pairs(cosine) : (cosine, cosine);
        (Value firstSine, Value secondSine) = layout.HasEntryPerElement ? Pairs(sine) : (sine, sine);
        Value left = formula.Subtract(formula.Multiply(first, firstCosine), formula.Multiply(second, firstSine));
        Value right = formula.Add(formula.Multiply(second, secondCosine), formula.Multiply(first, secondSine));
        Value rotated = layout.IsInterleaved ? Interleave(left, right, size, context) : context.Add("Concat", [("axis", -1L)], left, right);
        if (layout.RotarySize != layout.HeadSize)
        {
            rotated = context.Add("Concat", [("axis", -1L)], rotated, Part(x, size, Known(layout.HeadSize)));
        }

        return isFlat ? context.Add("Reshape", rotated, context.Integers(0, 0, Known(layout.Heads) * Known(layout.HeadSize))) : rotated;
    }

    private static Value Interleave(Value left, Value right, long size, ExpansionContext context)
    {
        Value pairs = context.Add("Concat", [("axis", -1L)], context.Add("Unsqueeze", left, context.Integers(-1)), context.Add("Unsqueeze", right, context.Integers(-1)));
        return context.Add("Reshape", pairs, context.Integers(0, 0, 0, size));
    }

    private static Value Table(Value table, RotaryLayout layout, int headAxis, ExpansionContext context)
    {
        if (layout.Positions is { } positions)
        {
            table = context.Add("Gather", [("axis", 0L)], table, positions);
        }

        Value typed = new Formula(context).Cast(table, layout.Input.ElementType);
        return typed.Shape.Rank == 4 ? typed : context.Add("Unsqueeze", typed, context.Integers(headAxis));
    }

    private static long Known(Dimension size) => size.Value ?? throw new ModelException(null, $"the size '{size}' of a rotated head is open", unsupported: true);
}
