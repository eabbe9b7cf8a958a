using Cameo.Generator.Graphs;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Passes;

/// <summary>Makes the nodes that take the place of an operation on a sequence. They stand before it; inference visits them next.</summary>
internal sealed class ContainerRewriting(Graph graph, Node node)
{
    private readonly List<Node> _added = [];

    /// <summary>Takes back what was made.</summary>
    public void Undo()
    {
        foreach (Node added in _added)
        {
            added.Detach();
            graph.Nodes.Remove(added);
        }
    }

    /// <summary>A node with one output.</summary>
    public Value Add(string type, Value?[] inputs, params (string Name, object Value)[] attributes)
    {
        Node added = AddNode(type, inputs, attributes);
        added.AddOutput(graph.AddValue(added.Name));
        return added.Output;
    }

    public Value Integers(params long[] values) => graph.AddConstant($"{node.Name}/integers", ConstantElements.FromIntegers(values));

    /// <summary>An empty sequence.</summary>
    public Value AddEmpty(ElementType type) => Add("SequenceEmpty", [], type == ElementType.Undefined ? (SequenceConstructOperator.OpenType, 1L) : ("dtype", (long)type));

    /// <summary>Parts of a tensor along an axis.</summary>
    public IReadOnlyList<Value> AddSplit(Value tensor, int axis, long[] sizes)
    {
        Node split = AddNode("Split", [tensor, Integers(sizes)], [("axis", (long)axis)]);
        foreach (long _ in sizes)
        {
            split.AddOutput(graph.AddValue(split.Name));
        }

        return [.. split.Outputs.OfType<Value>()];
    }

    /// <summary>A loop over the tensors of the sequences that a SequenceMap reads; returns the results of its outputs.</summary>
    public IReadOnlyList<Value> AddLoop()
    {
        Graph body = SequenceMapOperator.MakeBody(node);

        // As many turns as the longest sequence has tensors: a shorter one lacks the tensor of the last turn, which ends the run.
        Value[] lengths = [.. node.Inputs.Where(static input => input!.Container is not null).Select(input => Add("SequenceLength", [input!]))];
        Value length = lengths.Length == 1 ? lengths[0] : Add("Max", lengths);
        Value truth = graph.AddConstant($"{node.Name}/true", ConstantElements.FromIntegers([1], new TensorType(ElementType.Boolean, Shape.Scalar)));
        Value[] empty = [.. node.Outputs.Select(_ => AddEmpty(ElementType.Undefined))];
        Node loop = AddNode("Loop", [length, truth, .. empty], [("body", body)]);
        foreach (Value _ in empty)
        {
            loop.AddOutput(graph.AddValue(loop.Name));
        }

        // The body is the loop's now.
        node.RemoveAttribute("body");
        return [.. loop.Outputs.OfType<Value>()];
    }

    private Node AddNode(string type, Value?[] inputs, (string Name, object Value)[] attributes)
    {
        Node added = graph.AddNode($"{node.Name}/{type}_{_added.Count}", type, inputs, OperatorRegistry.NewestOpset, graph.Nodes.IndexOf(node));
        _added.Add(added);
        added.Origins = node.Origins;
        added.Line = node.Line;
        foreach ((string name, object value) in attributes)
        {
            added.SetAttribute(name, value);
        }

        return added;
    }
}
