namespace Cameo.Generator.Graphs;

/// <summary>Checks that a graph is well formed: what every pass must leave behind. Tests run it after each.</summary>
internal static class GraphValidator
{
    /// <summary>Throws an <see cref="InvalidOperationException"/> that names the stage and the first broken rule.</summary>
    public static void Validate(Graph graph, string stage) => Validate(graph, stage, []);

    private static void Validate(Graph graph, string stage, IEnumerable<Value> outer)
    {
        var made = new HashSet<Value>(graph.Inputs.Concat(graph.ContainerInputs).Concat(outer).Concat(graph.States.Select(state => state.Past)));
        var nodes = new HashSet<Node>();
        foreach (Node node in graph.Nodes)
        {
            Require(nodes.Add(node), $"{node} stands in the graph twice");
            foreach (Value? input in node.Inputs)
            {
                if (input is null)
                {
                    continue;
                }

                Require(input.Consumers.Contains(node), $"{node} reads '{input.Name}', which does not know it");
                Require(input.IsKnown || made.Contains(input), $"{node} reads '{input.Name}' before it is made");
            }

            foreach (Graph body in node.Bodies)
            {
                Validate(body, stage, made);
            }

            foreach (Value? output in node.Outputs)
            {
                if (output is null)
                {
                    continue;
                }

                Require(output.Producer == node, $"'{output.Name}' is made by {output.Producer} and not by {node}");
                Require(made.Add(output), $"'{output.Name}' is made twice");
                Require(output.Type is null || output.Constant is null || output.Constant.Type.Shape.Equals(output.Shape), $"'{output.Name}' and its constant differ in shape");
            }
        }

        foreach (Value value in made.Except(outer))
        {
            foreach (Node consumer in value.Consumers)
            {
                Require(nodes.Contains(consumer) || IsInBody(graph, consumer), $"'{value.Name}' is read by {consumer}, which is not in the graph");
            }
        }

        foreach (Value output in graph.Outputs.Concat(graph.ContainerOutputs))
        {
            Require(output.IsKnown || made.Contains(output), $"output '{output.Name}' is never made");
        }

        void Require(bool holds, string message)
        {
            if (!holds)
            {
                throw new InvalidOperationException($"After stage '{stage}': {message}.");
            }
        }
    }

    private static bool IsInBody(Graph graph, Node node) => graph.Nodes.Any(owner => owner.Attributes.Values.Any(attribute =>
        attribute.Value is Graph body && (body.Nodes.Contains(node) || IsInBody(body, node))));
}
