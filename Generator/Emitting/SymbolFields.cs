using Cameo.Generator.Graphs;

namespace Cameo.Generator.Emitting;

/// <summary>The session's fields that hold the sizes of a run, and sizes as C# over them.</summary>
internal sealed class SymbolFields
{
    private readonly Dictionary<string, string> _fields = new(StringComparer.Ordinal);

    public SymbolFields(SymbolTable symbols)
    {
        var names = new Identifiers();
        foreach (string symbol in symbols.Free)
        {
            _fields[symbol] = "_" + names.Unique(Identifiers.Camel(symbol)).TrimStart('@');
        }
    }

    /// <summary>The field that holds a symbol's size.</summary>
    public string Field(string symbol) => _fields.TryGetValue(symbol, out string? field)
        ? field
        : throw new InvalidOperationException($"Symbol '{symbol}' has no field.");

    /// <summary>A size as C# over the fields; parenthesised where it is a sum or product.</summary>
    public string Size(Dimension dimension)
    {
        string text = dimension.ToCSharp(Field);
        return dimension.IsStatic || dimension.AsSymbol() is not null ? text : $"({text})";
    }
}
