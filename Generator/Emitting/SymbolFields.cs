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
            string name = Identifiers.Camel(symbol).TrimStart('@');

            // Fields of the session's own end in a number too, or have names that a model's dimension might have.
            name = name.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9') is "input" or "offsets" or "sizes" or "plannedFor" or "placementWork" or "outputShape" or "maskColumns" or "pool" or "tensors"
                ? name + "Dimension"
                : name;
            _fields[symbol] = "_" + names.Unique(name);
        }
    }

    /// <summary>The field that holds a symbol's size.</summary>
    public string Field(string symbol) => _fields.TryGetValue(symbol, out string? field)
        ? field
        : throw new InvalidOperationException($"Symbol '{symbol}' has no field.");

    /// <summary>A size as C# of type double over the fields, which does not overflow.</summary>
    public string Estimate(Dimension dimension) => dimension.IsStatic ? $"{dimension}d" : dimension.ToCSharp(symbol => $"(double){Field(symbol)}");

    /// <summary>A size as C# over the fields; parenthesised where it is a sum or product.</summary>
    public string Size(Dimension dimension)
    {
        string text = dimension.ToCSharp(Field);
        return dimension.IsStatic || dimension.AsSymbol() is not null ? text : $"({text})";
    }
}
