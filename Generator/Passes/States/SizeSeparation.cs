using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.States;

/// <summary>
/// Axes of inputs that get a size of their own, although the model gives them the name of another size.
/// <para>Before: <c>x: [batch, sequence, 64], past: [batch, 4, sequence, 16]</c>, as if a cache had always as many tokens as the next run brings.
/// After: <c>past: [batch, 4, past_sequence, 16]</c>.</para>
/// Found when caches become states, and carried out by compiling anew: until then everything has been inferred with one size.
/// </summary>
/// <param name="Symbol">The name in the model.</param>
/// <param name="Axes">Inputs by name, and their axes.</param>
internal sealed record SizeSeparation(string Symbol, IReadOnlyList<(string Input, int Axis)> Axes)
{
    /// <summary>Separates nothing and forbids asking for it: where a model cannot be compiled with sizes that differ.</summary>
    public static SizeSeparation Forbidden { get; } = new("", []);

    /// <summary>The new size's name.</summary>
    public string NewSymbol => $"past_{Symbol}";

    /// <summary>The name that options and messages use.</summary>
    public string OptionSymbol(string symbol) => symbol == NewSymbol && Axes.Count > 0 ? Symbol : symbol;

    /// <summary>Gives the axes their own size; a bound of the common size holds for both.</summary>
    public void Apply(Graph graph)
    {
        if (Axes.Count == 0)
        {
            return;
        }

        graph.Symbols.Declare(NewSymbol, graph.Symbols.Range(Symbol));
        foreach ((string name, int axis) in Axes)
        {
            Value input = graph.Inputs.First(other => other.Name == name);
            Dimension[] sizes = [.. input.DeclaredType!.Shape];
            sizes[axis] = Dimension.Symbol(NewSymbol);
            input.DeclaredType = new TensorType(input.ElementType, new Shape(sizes));
            input.Type = input.DeclaredType;
        }
    }
}
