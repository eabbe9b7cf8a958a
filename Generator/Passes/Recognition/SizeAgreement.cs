using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.Recognition;

/// <summary>
/// Learns from a sum that two sizes are the same. Keys and masks of an attention have to be equally long, even where the model's symbols do not say so.
/// <para>Before: scores <c>[…, sequence]</c> plus a mask <c>[…, past + sequence]</c>, weighing values <c>[…, sequence, 16]</c>. After: <c>past = 0</c>, which binding checks.</para>
/// </summary>
internal static class SizeAgreement
{
    public static void Settle(ScoreChain scores, ProbabilityChain probabilities, RecognitionContext context)
    {
        Shape value = probabilities.Product.Input(1).Shape;
        bool isTransposed = probabilities.Product.IntegerAttribute("transB", 0) != 0;
        if (value.Rank < 2)
        {
            return;
        }

        if (Repetition(probabilities.Product.Input(1)) is { } repeated && Repeated(repeated, context.Graph.Symbols) is { } symbol)
        {
            context.Define(symbol, Dimension.Zero);
            value = probabilities.Product.Input(1).Shape;
        }

        LimitToTables(scores, context);
        Dimension keys = value[value.Rank - (isTransposed ? 1 : 2)];
        foreach (Value mask in scores.Links.Where(link => link.Kind is ScoreLinkKind.Addition or ScoreLinkKind.Replacement).Select(link => link.Other!))
        {
            if (mask.Shape.Rank > 0 && Equation(mask.Shape[mask.Shape.Rank - 1], keys, context.Graph.Symbols) is { } found)
            {
                context.Define(found.Symbol, found.Definition);
                return;
            }
        }
    }

    /// <summary>A mask cut from a table of 1024 positions has <c>min(1024, sequence)</c> of them; a longer sequence has no mask.</summary>
    private static void LimitToTables(ScoreChain scores, RecognitionContext context)
    {
        foreach (ScoreLink link in scores.Links.Where(link => link.Kind is ScoreLinkKind.Addition or ScoreLinkKind.Replacement))
        {
            for (int axis = 1; axis <= Math.Min(2, Math.Min(link.Other!.Shape.Rank, link.Input.Shape.Rank)); axis++)
            {
                Dimension wanted = link.Input.Shape[link.Input.Shape.Rank - axis];
                if (link.Other!.Shape[link.Other.Shape.Rank - axis].AsMinimum() is { } cut && (cut.Left == wanted || cut.Right == wanted))
                {
                    Dimension limit = cut.Left == wanted ? cut.Right : cut.Left;
                    context.Limit(wanted, limit, $"part of {wanted} positions beyond the {limit} of the mask");
                }
            }
        }
    }

    /// <summary>The Expand above a value that repeats its heads.</summary>
    private static Node? Repetition(Value value)
    {
        while (value.Producer is { Domain: "", Type: "Reshape" or "Transpose" or "Unsqueeze" or "Squeeze" or "Identity" } node)
        {
            value = node.Input(0);
        }

        return Matching.Producer(value, "Expand");
    }

    /// <summary>The symbol that is 0 where an Expand from <c>[…, sequence, 16]</c> to <c>[…, past + sequence, 16]</c> repeats no key.</summary>
    private static string? Repeated(Node expand, SymbolTable symbols)
    {
        Shape from = expand.Input(0).Shape;
        Shape to = new(expand.Input(1).Elements ?? []);
        for (int axis = 1; axis <= Math.Min(from.Rank, to.Rank); axis++)
        {
            Dimension size = from[from.Rank - axis];
            if (!size.IsStatic && (to[to.Rank - axis] - size).AsSymbol() is { } symbol && IsFree(symbol, symbols))
            {
                return symbol;
            }
        }

        return null;
    }

    private static bool IsFree(string symbol, SymbolTable symbols) => symbols.Contains(symbol) && !symbols.Definitions.ContainsKey(symbol);

    /// <summary>What a symbol has to be for a mask's length to be that of the keys.</summary>
    private static (string Symbol, Dimension Definition)? Equation(Dimension mask, Dimension keys, SymbolTable symbols)
    {
        if (mask == keys || mask.Value is not null)
        {
            return null;
        }

        if ((mask - keys).AsSymbol() is { } rest && IsFree(rest, symbols))
        {
            return (rest, Dimension.Zero);
        }

        return mask.AsSymbol() is { } symbol && IsFree(symbol, symbols) && !keys.Symbols().Contains(symbol) ? (symbol, keys) : null;
    }
}
