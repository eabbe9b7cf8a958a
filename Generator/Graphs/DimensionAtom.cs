namespace Cameo.Generator.Graphs;

/// <summary>What a <see cref="Dimension"/>'s products are made of: a symbol, or an operation that sums of products cannot express.</summary>
/// <param name="Operation">What the atom is.</param>
/// <param name="Symbol">The symbol's name; empty unless <paramref name="Operation"/> is <see cref="DimensionOperation.Symbol"/>.</param>
/// <param name="Left">First operand of an operation.</param>
/// <param name="Right">Second operand of an operation.</param>
internal sealed record DimensionAtom(DimensionOperation Operation, string Symbol, Dimension? Left, Dimension? Right)
{
    /// <summary>Canonical text; two atoms are the same exactly when their texts are.</summary>
    public string Key { get; } = Operation switch
    {
        DimensionOperation.Symbol => Symbol,
        DimensionOperation.FloorDivide => $"floor({Group(Left)} / {Group(Right)})",
        DimensionOperation.Modulo => $"({Group(Left)} mod {Group(Right)})",
        DimensionOperation.Maximum => $"max({Left}, {Right})",
        DimensionOperation.Minimum => $"min({Left}, {Right})",
        _ => $"broadcast({Left}, {Right})",
    };

    public bool Equals(DimensionAtom? other) => other is not null && Key == other.Key;

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Key);

    private static string Group(Dimension? operand)
    {
        string text = operand!.ToString();
        return text.IndexOf(' ') >= 0 ? $"({text})" : text;
    }
}
