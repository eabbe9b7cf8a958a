using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes;

/// <summary>
/// Sizes that kernels compute: where an operator needs to know the elements of a small integer tensor that data decide, they are read as soon as they are there and are symbols from then on.
/// <para>Before: <c>m = ReduceMax(lengths); y = ConstantOfShape(Concat(m, {4}))</c>, refused since the shape is not known.
/// After: <c>m = ReduceMax(lengths); s = cameo.AsSizes(m); y = ConstantOfShape(Concat(s, {4}))</c>, where s has the element <c>number of m</c>.</para>
/// </summary>
internal static class DataNumbers
{
    /// <summary>What passes expressions on: the numbers that go into it are looked for, so that what is known of the others is not lost.</summary>
    private static readonly HashSet<string> Arithmetic = new(StringComparer.Ordinal)
    {
        "Add", "Sub", "Mul", "Div", "Mod", "Neg", "Abs", "Min", "Max", "Cast", "Identity", "Concat", "Gather", "Slice", "Squeeze", "Unsqueeze", "Reshape", "Flatten", "Split",
    };

    /// <summary>Reads what the node's small integer inputs follow from; false where there is nothing to be read, so that the node stays refused.</summary>
    public static bool Demand(InferenceContext context, Node node)
    {
        var found = new Dictionary<Value, bool>();
        List<Value> sources = [];
        foreach (Value input in node.Inputs.OfType<Value>().Where(RunTimeSizes.IsSmall))
        {
            Collect(input, sources, found);
        }

        return sources.Count(source => Read(source, context)) > 0;
    }

    /// <summary>Finds the nearest values on which an input depends and that are not known; false where there are none.</summary>
    private static bool Collect(Value value, List<Value> sources, Dictionary<Value, bool> found)
    {
        if (found.TryGetValue(value, out bool known))
        {
            return known;
        }

        found[value] = false;
        if (value.IsKnown)
        {
            return false;
        }

        bool isComputed = value.Producer is { Domain: "" } producer && Arithmetic.Contains(producer.Type) && producer.Inputs.OfType<Value>().All(input => input.IsKnown || RunTimeSizes.IsSmall(input));
        bool any = false;
        foreach (Value input in isComputed ? value.Producer!.Inputs.OfType<Value>() : [])
        {
            any |= Collect(input, sources, found);
        }

        if (!any)
        {
            sources.Add(value);
        }

        return found[value] = true;
    }

    /// <summary>Puts the node that reads the elements behind what makes them.</summary>
    private static bool Read(Value value, InferenceContext context)
    {
        for (InferenceContext? current = context; current is not null; current = current.Outer)
        {
            Graph graph = current.Graph;
            int place = value.Producer is { } producer ? graph.Nodes.IndexOf(producer) : graph.Inputs.Contains(value) ? -1 : -2;
            if (place < -1 || (place < 0 && value.Producer is not null))
            {
                continue;
            }

            Node[] readers = [.. value.Consumers.Distinct()];
            Node reading = graph.AddNode($"{value.Name}", AsSizesOperator.Name, [value], 1, place + 1, OperatorRegistry.InternalDomain);
            reading.Origins = value.Producer?.Origins ?? [];
            reading.AddOutput(graph.AddValue($"{value.Name}/sizes"));
            foreach (Node reader in readers)
            {
                for (int index = 0; index < reader.Inputs.Count; index++)
                {
                    if (reader.Inputs[index] == value)
                    {
                        reader.SetInput(index, reading.Output);
                    }
                }
            }

            // Where another graph is inferred at the moment, this one has its turn in the next round.
            context.NeedsAnotherRound |= current != context;
            return true;
        }

        return false;
    }
}
