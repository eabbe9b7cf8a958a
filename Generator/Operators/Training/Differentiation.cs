using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Goes through a part of a graph backwards and writes the gradients of its inputs.</summary>
internal static class Differentiation
{
    /// <summary>More expansions than this of operators without a rule do not end.</summary>
    private const int MaximumExpansions = 10_000;

    /// <summary>The gradients of the sum of a value's elements, the node's last input, with respect to others; null where it does not depend on them.</summary>
    public static Value?[] Run(Node gradient, ExpansionContext context, IReadOnlyList<Value> variables, HashSet<Value> ends)
    {
        (Value y, List<Node> path, HashSet<Value> dependent) = Prepare(gradient, context, variables, ends);
        var gradients = new Dictionary<Value, Value> { [y] = Filled(context, y, 1) };
        for (int index = path.Count - 1; index >= 0; index--)
        {
            Node node = path[index];
            Value?[] known = [.. node.Outputs.Select(output => output is not null && gradients.TryGetValue(output, out Value? found) ? found : null)];
            if (known.All(value => value is null))
            {
                continue;
            }

            Value?[] results = new DerivativeRules(node, context, gradient, input => input is not null && dependent.Contains(input)).Differentiate(known);
            for (int input = 0; input < results.Length; input++)
            {
                if (results[input] is { } added && node.Inputs[input] is { } value && dependent.Contains(value))
                {
                    gradients[value] = gradients.TryGetValue(value, out Value? before) ? context.Add("Add", before, added) : added;
                }
            }
        }

        return [.. variables.Select(variable => gradients.TryGetValue(variable, out Value? found) ? found : null)];
    }

    /// <summary>Writes the nodes between some values and <paramref name="y"/> again, with other values in their place.</summary>
    public static Value Rewrite(Node gradient, ExpansionContext context, Value y, IReadOnlyList<Value> named, IReadOnlyList<Value> values)
    {
        var replacements = new Dictionary<Value, Value>();
        for (int index = 0; index < named.Count; index++)
        {
            replacements[named[index]] = values[index];
        }

        foreach (Node node in Path(context.Graph, gradient, y, named, [.. named], out _))
        {
            Node copy = context.AddCopy(node, [.. node.Inputs.Select(input => input is not null && replacements.TryGetValue(input, out Value? other) ? other : input)]);
            for (int output = 0; output < node.Outputs.Count; output++)
            {
                if (node.Outputs[output] is { } value && !replacements.ContainsKey(value))
                {
                    replacements[value] = copy.Outputs[output]!;
                }
            }
        }

        return replacements.TryGetValue(y, out Value? result) ? result : y;
    }

    /// <summary>A tensor like another one with the same number everywhere.</summary>
    public static Value Filled(ExpansionContext context, Value like, double number)
    {
        Value element = context.Literal(number, like.ElementType);
        return like.Shape.Rank == 0 ? element : context.Add("Expand", element, context.Sizes((IReadOnlyList<Dimension>)[.. like.Shape]));
    }

    /// <summary>The nodes to go through, of which those without a rule are written with simpler ones.</summary>
    private static (Value Y, List<Node> Path, HashSet<Value> Dependent) Prepare(Node gradient, ExpansionContext context, IReadOnlyList<Value> variables, HashSet<Value> ends)
    {
        for (int round = 0; round < MaximumExpansions; round++)
        {
            // What is written in a node's place takes over its readers, this node among them.
            Value y = gradient.Inputs[gradient.Inputs.Count - 1]!;
            List<Node> path = Path(context.Graph, gradient, y, variables, ends, out HashSet<Value> dependent);
            if (path.Find(node => !DerivativeRules.Has(node)) is not { } composed)
            {
                return (y, path, dependent);
            }

            if (composed.Bodies.Any() || OperatorRegistry.Find(composed) is not { } known || !known.Expand(composed, context.For(composed)))
            {
                throw ModelException.Unsupported(gradient, $"{composed} lies between 'xs' and 'y', and Cameo does not know its gradient");
            }

            composed.Detach();
            context.Graph.Nodes.Remove(composed);
        }

        throw ModelException.Unsupported(gradient, "what lies between 'xs' and 'y' is too much");
    }

    /// <summary>The nodes on ways from the variables to y, in their order; nothing is passed that the ends hold.</summary>
    private static List<Node> Path(Graph graph, Node gradient, Value y, IReadOnlyList<Value> variables, HashSet<Value> ends, out HashSet<Value> dependent)
    {
        var reached = new HashSet<Value>(variables);
        var path = new List<Node>();
        foreach (Node node in graph.Nodes.TakeWhile(node => node != gradient))
        {
            if (node.AllInputs().Any(reached.Contains))
            {
                path.Add(node);
                reached.UnionWith(node.Outputs.OfType<Value>().Where(output => !ends.Contains(output)));
            }
        }

        var needed = new HashSet<Value> { y };
        for (int index = path.Count - 1; index >= 0; index--)
        {
            if (path[index].Outputs.Any(output => output is not null && needed.Contains(output) && !ends.Contains(output)))
            {
                needed.UnionWith(path[index].AllInputs().Where(reached.Contains));
            }
            else
            {
                path.RemoveAt(index);
            }
        }

        needed.IntersectWith(reached);
        dependent = needed;
        return path;
    }
}
