using Cameo.Generator.Graphs;

namespace Cameo.Generator.Operators;

/// <summary>Makes the nodes of a search in the model's graph, before the node they stand for, or at the end of a loop's body.</summary>
internal sealed class SearchWriter(Graph graph, Node node, Func<int> place)
{
    private readonly List<Node> _added = [];

    public Graph Graph { get; } = graph;

    /// <summary>Takes back what was made.</summary>
    public void Undo()
    {
        foreach (Node added in _added)
        {
            added.Detach();
            Graph.Nodes.Remove(added);
        }
    }

    /// <summary>A node with one output; of the compiler's own domain where the type begins with "cameo.".</summary>
    public Value Add(string type, params Value?[] inputs) => AddNode(type, inputs, 1).Output;

    public Node AddNode(string type, Value?[] inputs, int outputs)
    {
        bool isInternal = type.StartsWith("cameo.", StringComparison.Ordinal);
        string name = isInternal ? type.Substring(6) : type;
        Node added = Graph.AddNode($"{node.Name}/{(Graph.IsBody ? "step/" : "")}{name}_{_added.Count}", name, inputs, isInternal ? 1 : OperatorRegistry.NewestOpset, place(), isInternal ? OperatorRegistry.InternalDomain : "");
        _added.Add(added);
        added.Origins = node.Origins;
        added.Line = node.Line;
        for (int output = 0; output < outputs; output++)
        {
            added.AddOutput(Graph.AddValue($"{added.Name}:{output}"));
        }

        return added;
    }

    /// <summary>One number, of type int64.</summary>
    public Value Number(long number) => Graph.AddConstant($"{node.Name}/number", ConstantElements.FromIntegers([number], new TensorType(ElementType.Int64, Shape.Scalar)));

    /// <summary>A list of numbers, of type int64.</summary>
    public Value Numbers(params long[] numbers) => Graph.AddConstant($"{node.Name}/numbers", ConstantElements.FromIntegers(numbers));

    public Value Cast(Value value, ElementType type)
    {
        Node cast = AddNode("Cast", [value], 1);
        cast.SetAttribute("to", (long)type);
        return cast.Output;
    }

    /// <summary>Elements at places along an axis.</summary>
    public Value Gather(Value value, Value places, int axis)
    {
        Node gather = AddNode("Gather", [value, places], 1);
        gather.SetAttribute("axis", (long)axis);
        return gather.Output;
    }

    public Value Concat(int axis, params Value[] parts)
    {
        Node concat = AddNode("Concat", parts, 1);
        concat.SetAttribute("axis", (long)axis);
        return concat.Output;
    }

    /// <summary>One size of a tensor, as a list of one number.</summary>
    public Value Size(Value value, int axis) => Gather(Add("Shape", value), Numbers(axis), 0);

    /// <summary>The first columns of a matrix, as many as a list of one number says.</summary>
    public Value Front(Value matrix, Value count) => Add("Slice", matrix, Numbers(0), count, Numbers(1));

    /// <summary>A tensor of zeros.</summary>
    public Value Zeros(Value shape, ElementType type)
    {
        Value zeros = Add("ConstantOfShape", shape);
        return type == ElementType.Float32 ? zeros : Cast(zeros, type);
    }

    /// <summary>Puts the nodes of another graph in this one's, with values in the place of its inputs; returns its results.</summary>
    public IReadOnlyList<Value> Splice(Graph other, IReadOnlyList<Value> inputs)
    {
        for (int input = 0; input < inputs.Count; input++)
        {
            other.ReplaceUses(other.Inputs[input], inputs[input]);
        }

        Graph.Nodes.InsertRange(place() < 0 ? Graph.Nodes.Count : place(), other.Nodes);
        other.Nodes.Clear();
        return [.. other.Outputs];
    }
}
