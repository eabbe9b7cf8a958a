using System.Globalization;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Onnx;

/// <summary>
/// Reads names of dimensions that exporters write as formulas: PyTorch names a size "s16 + s62" that is the sum of two others. Sums, differences and products of other dimensions
/// of the model and of numbers; a minus sign must stand between spaces, for "batch-size" is a name.
/// </summary>
internal sealed class DimensionText
{
    private readonly string[] _tokens;
    private readonly Func<string, bool> _isSymbol;
    private int _next;

    private DimensionText(string[] tokens, Func<string, bool> isSymbol)
    {
        _tokens = tokens;
        _isSymbol = isSymbol;
    }

    /// <summary>States what symbols are whose names are formulas of other symbols.</summary>
    public static void Define(SymbolTable symbols)
    {
        foreach (string name in symbols.Free.ToArray())
        {
            if (TryRead(name, other => other != name && symbols.Contains(other)) is { } definition)
            {
                symbols.Define(name, definition);
            }
        }
    }

    /// <summary>The formula, or <see langword="null"/> where the text is none.</summary>
    private static Dimension? TryRead(string text, Func<string, bool> isSymbol)
    {
        string[] tokens = text.Replace("(", " ( ").Replace(")", " ) ").Replace("*", " * ").Replace("+", " + ").Split([' '], StringSplitOptions.RemoveEmptyEntries);
        if (tokens.Length < 3)
        {
            return null;
        }

        var reader = new DimensionText(tokens, isSymbol);
        return reader.Sum() is { } sum && reader._next == tokens.Length ? sum : null;
    }

    private Dimension? Sum()
    {
        Dimension? sum = Product();
        while (sum is not null && _next < _tokens.Length && _tokens[_next] is "+" or "-")
        {
            bool isDifference = _tokens[_next++] == "-";
            sum = Product() is not { } next ? null : isDifference ? sum - next : sum + next;
        }

        return sum;
    }

    private Dimension? Product()
    {
        Dimension? product = Operand();
        while (product is not null && _next < _tokens.Length && _tokens[_next] == "*")
        {
            _next++;
            product = Operand() is { } next ? product * next : null;
        }

        return product;
    }

    private Dimension? Operand()
    {
        if (_next == _tokens.Length)
        {
            return null;
        }

        string token = _tokens[_next++];
        if (token == "(")
        {
            return Sum() is { } inner && _next < _tokens.Length && _tokens[_next++] == ")" ? inner : null;
        }

        return long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : _isSymbol(token) ? Dimension.Symbol(token) : null;
    }
}
