using Cameo.Generator.Graphs;

namespace Cameo.Generator.Passes;

/// <summary>
/// Sizes that a run gets as data: where an operator needs to know the elements of a small integer tensor that follows from inputs of the model, those inputs' elements become
/// symbols, which a run reads before it lays out its memory.
/// <para>Before: <c>input rows: int64[1]; s = Concat(rows, {4}); y = Reshape(x, s)</c>, refused since s is not known.
/// After: <c>rows</c> has the element <c>rows[0]</c>, s the elements <c>{rows[0], 4}</c>.</para>
/// </summary>
internal static class RunTimeSizes
{
    /// <summary>More elements are no sizes.</summary>
    private const int MaximumElements = 16;

    /// <summary>Longer computations of sizes than this are something else.</summary>
    private const int MaximumNodes = 1000;

    /// <summary>Makes symbols for what the node's integer inputs follow from; false where there is nothing to be made, so that the node stays refused.</summary>
    public static bool Demand(Graph model, Node node)
    {
        bool found = false;
        foreach (Value input in node.Inputs.OfType<Value>().Where(input => IsSmall(input) || IsConverted(input)))
        {
            var sources = new HashSet<Value>();
            if (input.Elements is null && Trace(model, input, sources, []))
            {
                foreach (Value source in sources)
                {
                    source.Elements = [.. Enumerable.Range(0, (int)source.Shape.ElementCount.Constant).Select(index => Declare(model.Symbols, source, index))];
                    found = true;
                }
            }
        }

        return found;
    }

    private static Dimension Declare(SymbolTable symbols, Value source, int index)
    {
        string name = $"{source.Name}[{index}]";
        symbols.DeclareElement(name, source, index);
        return Dimension.Symbol(name);
    }

    private static bool Trace(Graph model, Value value, HashSet<Value> sources, HashSet<Value> seen)
    {
        if (value.IsKnown || !seen.Add(value))
        {
            return true;
        }

        if (value.Producer is not { } producer)
        {
            return model.Inputs.Contains(value) && IsSmall(value) && (sources.Contains(value) || sources.Add(value));
        }

        return seen.Count <= MaximumNodes && producer.Inputs.OfType<Value>().All(input => Trace(model, input, sources, seen));
    }

    /// <summary>Whether a value has few integers: what sizes are.</summary>
    public static bool IsSmall(Value value) => value.Type is { Rank: <= 1, ElementType: ElementType.Int32 or ElementType.Int64 } type
        && type.Shape.ElementCount.Value is >= 1 and <= MaximumElements;

    /// <summary>A floating-point number that may have been an integer: sizes on their way to a table of positions.</summary>
    private static bool IsConverted(Value value) => value.Type is { Rank: 0 } type && type.ElementType.IsFloat() && value.Producer is { Type: "Cast" };
}
