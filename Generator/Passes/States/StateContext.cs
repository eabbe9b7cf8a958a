using Cameo.Generator.Diagnostics;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes.States;

/// <summary>What the parts of state recognition share.</summary>
/// <param name="graph">The graph.</param>
/// <param name="diagnostics">Where messages go.</param>
/// <param name="inferAgain">Propagates types again, after symbols were defined.</param>
/// <param name="separation">The sizes that were separated for this compilation; <see langword="null"/> where separations may be asked for.</param>
internal sealed class StateContext(Graph graph, List<DiagnosticInfo> diagnostics, Action inferAgain, SizeSeparation? separation)
{
    public Graph Graph { get; } = graph;

    /// <summary>Says why something that looks like a state stays an input and an output.</summary>
    public void Miss(string what, string reason) => diagnostics.Add(new(DiagnosticIds.MissedOptimization, DiagnosticLevel.Info, $"{what} stays an input: {reason}."));

    /// <summary>Asks for a compilation with separated sizes; false where that was tried.</summary>
    public bool TrySeparate(SizeSeparation wanted)
    {
        if (separation is not null)
        {
            return false;
        }

        Separation = wanted;
        return true;
    }

    /// <summary>The separation that was asked for.</summary>
    public SizeSeparation? Separation { get; private set; }

    /// <summary>A size as options and messages name it.</summary>
    public string OptionSymbol(string symbol) => separation?.OptionSymbol(symbol) ?? symbol;

    public void Inform(string id, string message) => diagnostics.Add(new(id, DiagnosticLevel.Info, message));

    public void Refuse(string message) => diagnostics.Add(new(DiagnosticIds.InvalidOption, DiagnosticLevel.Error, message));

    public bool IsState(Value input) => Graph.States.Any(state => state.Input == input);

    public bool IsStateOutput(Value output) => Graph.States.Any(state => state.Output == output);

    /// <summary>
    /// Makes the sizes of an input and of what becomes its next content equal: an open size of the input that nothing else settles is defined by the output's. Returns what
    /// does not fit, or null.
    /// </summary>
    public string? Unify(Value input, Value output)
    {
        if (input.ElementType != output.ElementType)
        {
            return $"'{input.Name}' has elements of type {input.ElementType.OnnxName()} and '{output.Name}' of type {output.ElementType.OnnxName()}";
        }

        if (input.ElementType == ElementType.String)
        {
            return $"'{input.Name}' has strings, which a session does not keep";
        }

        if (input.Shape.Rank != output.Shape.Rank)
        {
            return $"the shapes {input.Shape} of '{input.Name}' and {output.Shape} of '{output.Name}' do not correspond";
        }

        var definitions = new Dictionary<string, Dimension>(StringComparer.Ordinal);
        for (int axis = 0; axis < input.Shape.Rank; axis++)
        {
            Dimension before = input.Shape[axis];
            Dimension after = output.Shape[axis];
            if (before == after)
            {
                continue;
            }

            Dimension? definition = before.AsSymbol() is { } symbol && !IsUsedElsewhere(symbol, input) ? FixedPoint(symbol, after) : null;
            if (definition is null || (definitions.TryGetValue(before.AsSymbol()!, out Dimension? defined) && defined != definition))
            {
                return $"the shapes {input.Shape} of '{input.Name}' and {output.Shape} of '{output.Name}' do not correspond";
            }

            definitions[before.AsSymbol()!] = definition;
        }

        foreach (KeyValuePair<string, Dimension> definition in definitions)
        {
            Graph.Symbols.Define(definition.Key, definition.Value);
        }

        if (definitions.Count > 0)
        {
            inferAgain();
        }

        return null;
    }

    /// <summary>What a symbol must be so that a size that may contain it is the same: <c>batch</c> where the size is <c>rows</c> broadcast with <c>batch</c>.</summary>
    private static Dimension? FixedPoint(string symbol, Dimension size) => !size.Symbols().Contains(symbol)
        ? size
        : size.Symbols().Where(other => other != symbol).Select(Dimension.Symbol)
            .FirstOrDefault(candidate => size.Substitute(name => name == symbol ? candidate : null) == candidate);

    private bool IsUsedElsewhere(string symbol, Value input) =>
        Graph.Inputs.Any(other => other != input && other.Shape.Any(size => size.Symbols().Contains(symbol)));
}
