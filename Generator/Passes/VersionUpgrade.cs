using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes;

/// <summary>
/// Writes forms that old opsets had in today's terms.
/// <para>Before (opset 6): <c>y = Add(x: [1, 8, 28, 28], b: [8]) broadcast=1 axis=1</c>. After: <c>u: [8, 1, 1] = Unsqueeze(b); y = Add(x, u)</c>.</para>
/// Until opset 7 the second operand was aligned to the axes of the first that begin at <c>axis</c> (at its last axes by default), and nothing was broadcast
/// without the attribute <c>broadcast</c>. PRelu's slope was one value a channel. Runs node by node, as types become known.
/// </summary>
internal static class VersionUpgrade
{
    private const int BroadcastingSince = 7;

    private static readonly HashSet<string> Broadcasting = new(StringComparer.Ordinal) { "Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Equal", "Greater", "Less" };

    /// <summary>Rewrites the node where it has an old form; <paramref name="infer"/> gives types to nodes that are put before it.</summary>
    public static void Run(Graph graph, Node node, Action<Node> infer)
    {
        if (node.Domain.Length > 0 || node.Version >= BroadcastingSince || node.Inputs.Count != 2 || node.Inputs.Any(input => input?.Type is null))
        {
            return;
        }

        Shape first = node.Input(0).Shape;
        Shape second = node.Input(1).Shape;
        if (Broadcasting.Contains(node.Type))
        {
            if (node.IntegerAttribute("broadcast", 0) == 0)
            {
                if (first.Rank != second.Rank)
                {
                    throw new ModelException(node, $"shapes {first} and {second} differ, and opset {node.Version} broadcasts only with the attribute 'broadcast'");
                }

                return;
            }

            int axis = node.HasAttribute("axis") ? ShapeMath.Axis(node, node.IntegerAttribute("axis", 0), first.Rank) : first.Rank - second.Rank;
            AppendAxes(graph, node, first.Rank - axis - second.Rank, infer);
            node.RemoveAttribute("axis");
        }
        else if (node.Type == "PRelu" && second.Rank == 1 && second[0].Value != 1)
        {
            AppendAxes(graph, node, first.Rank - 2, infer);
        }
    }

    private static void AppendAxes(Graph graph, Node node, int count, Action<Node> infer)
    {
        if (count < 0)
        {
            throw new ModelException(node, $"shape {node.Input(1).Shape} does not fit into {node.Input(0).Shape} at axis {node.IntegerAttribute("axis", 0)}");
        }

        Value operand = node.Input(1);
        if (count == 0 || operand.Producer?.Name == $"{node.Name}/align")
        {
            return;
        }

        int rank = operand.Shape.Rank;
        Value axes = graph.AddConstant($"{node.Name}/axes", ConstantElements.FromIntegers([.. Enumerable.Range(rank, count).Select(axis => (long)axis)]));
        Node unsqueeze = graph.AddNode($"{node.Name}/align", "Unsqueeze", [operand, axes], OperatorRegistry.NewestOpset, graph.Nodes.IndexOf(node));
        unsqueeze.Origins = node.Origins;
        unsqueeze.Line = node.Line;
        unsqueeze.AddOutput(graph.AddValue(unsqueeze.Name));
        infer(unsqueeze);
        node.SetInput(1, unsqueeze.Output);
    }
}
