using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Arithmetic on sizes that uses what is known of their ranges, so that results stay simple.</summary>
internal static class SymbolicMath
{
    public static bool IsNonNegative(Dimension dimension, SymbolTable symbols) => dimension.Range(symbols.Range).Minimum >= 0
        || symbols.NonNegative.Any(known => (dimension - known).Range(symbols.Range).Minimum >= 0);

    public static Dimension Minimum(Dimension left, Dimension right, SymbolTable symbols) =>
        IsNonNegative(right - left, symbols) ? left : IsNonNegative(left - right, symbols) ? right : Dimension.Minimum(left, right);

    public static Dimension Maximum(Dimension left, Dimension right, SymbolTable symbols) =>
        IsNonNegative(left - right, symbols) ? left : IsNonNegative(right - left, symbols) ? right : Dimension.Maximum(left, right);

    public static Dimension Clamp(Dimension value, Dimension low, Dimension high, SymbolTable symbols) =>
        Minimum(Maximum(value, low, symbols), high, symbols);

    /// <summary>A position that counts from the end where it is negative, as a position from the start (not clamped).</summary>
    public static Dimension FromStart(Dimension position, Dimension size, SymbolTable symbols)
    {
        DimensionRange range = position.Range(symbols.Range);
        if (range.Minimum >= 0)
        {
            return position;
        }

        // 1 where the position is negative, 0 elsewhere.
        Dimension negative = range.Maximum < 0 ? Dimension.One : Dimension.Minimum(Dimension.One, Dimension.Maximum(Dimension.Zero, -position));
        return position + size * negative;
    }
}
