using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes.Recognition.Masks;

/// <summary>The indices that a mask's element depends on, each with its size, and what can be proven of expressions over them.</summary>
internal sealed class MaskSpace
{
    private readonly SymbolTable _symbols;
    private readonly Dictionary<string, Dimension> _sizes = new(StringComparer.Ordinal);

    public MaskSpace(SymbolTable symbols, Dimension rows, Dimension heads, Dimension queries, Dimension keys)
    {
        _symbols = symbols;
        Row = Index("row", rows);
        Head = Index("head", heads);
        Query = Index("query", queries);
        Key = Index("key", keys);
    }

    public Dimension Row { get; }

    public Dimension Head { get; }

    public Dimension Query { get; }

    public Dimension Key { get; }

    public SymbolTable Symbols => _symbols;

    /// <summary>A further index, 0 to <paramref name="size"/> - 1; zero where the size is 1. The name holds what no model's symbol can.</summary>
    public Dimension Index(string name, Dimension size)
    {
        if (size.Value == 1)
        {
            return Dimension.Zero;
        }

        string symbol = $"\u0001{name}{_sizes.Count}";
        _sizes[symbol] = size;
        return Dimension.Symbol(symbol);
    }

    /// <summary>Whether an expression holds an index.</summary>
    public bool HasIndex(Dimension expression) => expression.Symbols().Any(_sizes.ContainsKey);

    /// <summary>Whether an expression is at least 0 for all indices and sizes.</summary>
    public bool IsNonNegative(Dimension expression)
    {
        // Towards each index the expression is linear; it is least at one of the index's ends.
        foreach (string symbol in expression.Symbols().Where(_sizes.ContainsKey).ToArray())
        {
            if (Slope(expression, symbol) is not { } slope)
            {
                return false;
            }

            bool rises = SymbolicMath.IsNonNegative(slope, _symbols);
            if (!rises && !SymbolicMath.IsNonNegative(-slope, _symbols))
            {
                return false;
            }

            expression = Replace(expression, symbol, rises ? Dimension.Zero : _sizes[symbol] - Dimension.One);
        }

        return SymbolicMath.IsNonNegative(expression, _symbols);
    }

    /// <summary>Quotient and remainder by a size, where they are again polynomials of the indices.</summary>
    public (Dimension Quotient, Dimension Remainder)? Divide(Dimension expression, Dimension divisor)
    {
        if (divisor.Value == 1)
        {
            return (expression, Dimension.Zero);
        }

        Dimension quotient = Dimension.Zero;
        Dimension rest = expression;
        foreach (string symbol in expression.Symbols().Where(_sizes.ContainsKey).ToArray())
        {
            if (Slope(expression, symbol) is not { } slope)
            {
                return null;
            }

            Dimension part = Dimension.FloorDivide(slope, divisor);
            if (part * divisor == slope)
            {
                quotient += part * Dimension.Symbol(symbol);
                rest -= slope * Dimension.Symbol(symbol);
            }
        }

        return IsNonNegative(rest) && IsNonNegative(divisor - Dimension.One - rest) ? (quotient, rest) : null;
    }

    /// <summary>The factor of a symbol in an expression that is linear in it, or <see langword="null"/>.</summary>
    public static Dimension? Slope(Dimension expression, string symbol)
    {
        Dimension atZero = Replace(expression, symbol, Dimension.Zero);
        Dimension slope = Replace(expression, symbol, Dimension.One) - atZero;
        return atZero + slope * Dimension.Symbol(symbol) == expression ? slope : null;
    }

    public static Dimension Replace(Dimension expression, string symbol, Dimension replacement) =>
        expression.Substitute(name => name == symbol ? replacement : null);
}
