using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>
/// Sizes that a node's kernels tell, as symbols. Their names are made of the node's and stay in all rounds of inference; a copy of the node, with its attributes, has the same ones.
/// </summary>
internal static class DataSizes
{
    /// <summary>What the names of the attributes begin with that keep the symbols.</summary>
    public const string Prefix = "cameo.sizes";

    private const string SymbolsAttribute = Prefix;
    private const string MeaningsAttribute = $"{Prefix}.of";

    /// <summary>The symbols that the node's kernels set.</summary>
    public static IReadOnlyList<string> Names(Node node) => node.StringsAttribute(SymbolsAttribute) ?? [];

    /// <summary>One of them, by what it was declared as.</summary>
    public static Dimension Of(Node node, string what) => Dimension.Symbol(Find(node, what) ?? throw new InvalidOperationException($"{node} has declared no size '{what}'."));

    /// <summary>Declares a symbol, or one that was declared before again.</summary>
    public static Dimension Declare(Node node, string what, DimensionRange range, bool isSize, SymbolTable symbols)
    {
        string? name = Find(node, what);
        if (name is null)
        {
            name = $"{what} of {node.Name}";
            for (int number = 2; symbols.Contains(name); number++)
            {
                name = $"{what} of {node.Name} ({number})";
            }

            node.SetAttribute(SymbolsAttribute, Names(node).Append(name).ToArray());
            node.SetAttribute(MeaningsAttribute, Meanings(node).Append(what).ToArray());
        }

        symbols.DeclareData(name, range, isSize);
        return Dimension.Symbol(name);
    }

    /// <summary>The symbol that was declared as something; null where none was.</summary>
    public static string? Find(Node node, string what) => Array.IndexOf(Meanings(node), what) is var index and >= 0 ? Names(node)[index] : null;

    private static string[] Meanings(Node node) => node.StringsAttribute(MeaningsAttribute) ?? [];
}
