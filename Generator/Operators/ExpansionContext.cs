using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>Builds the nodes that replace a node. They are placed before it, carry its origins, and are inferred as they are made.</summary>
internal sealed class ExpansionContext(Graph graph, Node node, Action<Node> infer)
{
    private int _index = graph.Nodes.IndexOf(node);
    private int _count;

    public Graph Graph { get; } = graph;

    /// <summary>The model's nodes that the new ones stand for: the replaced node's, unless there are more.</summary>
    public IReadOnlyList<string> Origins { get; init; } = node.Origins;

    /// <summary>A context that puts nodes in another node's place.</summary>
    public ExpansionContext For(Node other) => new(Graph, other, infer);

    /// <summary>Adds a node of ONNX's own domain (newest opset), or of another one ("cameo.Attention", version 1), and returns its first output.</summary>
    public Value Add(string type, params Value?[] inputs) => Add(type, [], inputs);

    /// <summary>As above, with attributes.</summary>
    public Value Add(string type, (string Name, object Value)[] attributes, params Value?[] inputs) => AddWithOutputs(type, attributes, inputs, 1, out _);

    /// <summary>As above, with several outputs; returns the first.</summary>
    public Value AddWithOutputs(string type, (string Name, object Value)[] attributes, Value?[] inputs, int outputs, out Node added)
    {
        int dot = type.LastIndexOf('.');
        string domain = dot < 0 ? "" : type.Substring(0, dot);
        string name = type.Substring(dot + 1);
        added = Graph.AddNode($"{node.Name}/{name}_{_count++}", name, inputs, dot < 0 ? OperatorRegistry.NewestOpset : 1, Place(), domain);
        added.Origins = Origins;
        added.Line = node.Line;
        foreach ((string attribute, object value) in attributes)
        {
            added.SetAttribute(attribute, value);
        }

        for (int output = 0; output < outputs; output++)
        {
            added.AddOutput(Graph.AddValue(added.Name));
        }

        infer(added);
        return added.Output;
    }

    /// <summary>Adds a node of ONNX's own domain that is newer than <see cref="OperatorRegistry.NewestOpset"/>; returns its first output.</summary>
    public Value AddNewer(string type, int version, (string Name, object Value)[] attributes, params Value?[] inputs)
    {
        Node added = Graph.AddNode($"{node.Name}/{type}_{_count++}", type, inputs, version, Place());
        added.Origins = Origins;
        added.Line = node.Line;
        foreach ((string attribute, object value) in attributes)
        {
            added.SetAttribute(attribute, value);
        }

        added.AddOutput(Graph.AddValue(added.Name));
        infer(added);
        return added.Output;
    }

    /// <summary>The node again, with all its attributes, on other inputs; returns its first output.</summary>
    public Value AddLike(Node original, params Value?[] inputs) =>
        Add(original.Type, [.. original.Attributes.Values.Select(attribute => (attribute.Name, attribute.Value))], inputs);

    /// <summary>The node again, of the same domain and version, on other inputs.</summary>
    public Node AddCopy(Node original, params Value?[] inputs) => AddCopy(original, original.Domain, original.Type, original.Version, inputs);

    /// <summary>The node again, as an operator of ONNX's own domain and of a certain version.</summary>
    public Node AddAs(string type, int version, Node original) => AddCopy(original, "", type, version, [.. original.Inputs]);

    private Node AddCopy(Node original, string domain, string type, int version, Value?[] inputs)
    {
        Node copy = Graph.AddNode($"{node.Name}/{type}_{_count++}", type, inputs, version, Place(), domain);
        copy.Origins = Origins;
        copy.Line = node.Line;
        foreach (AttributeValue attribute in original.Attributes.Values)
        {
            copy.SetAttribute(attribute.Name, attribute.Value);
        }

        foreach (Value? output in original.Outputs)
        {
            copy.AddOutput(output is null ? null : Graph.AddValue(copy.Name));
        }

        infer(copy);
        return copy;
    }

    /// <summary>A scalar literal of the given type.</summary>
    public Value Literal(double value, ElementType type) => type == ElementType.String
        ? Graph.AddConstant($"{node.Name}/literal", Graph.Texts.Constant([""], Shape.Scalar))
        : Graph.AddConstant($"{node.Name}/literal", Folding.ScalarConstant(value, type));

    public Value Integers(params long[] values) => Graph.AddConstant($"{node.Name}/integers", ConstantElements.FromIntegers(values));

    /// <summary>A list of sizes, which may be symbolic.</summary>
    public Value Sizes(params Dimension[] sizes) => Known(sizes, Shape.Of(sizes.Length));

    /// <summary>A size as a scalar.</summary>
    public Value Size(Dimension size) => Known([size], Shape.Scalar);

    /// <summary>A list of sizes, which may be open.</summary>
    public Value Sizes(IReadOnlyList<Dimension> sizes)
    {
        Value value = Graph.AddValue($"{node.Name}/sizes", new TensorType(ElementType.Int64, Shape.Of(sizes.Count)));
        value.Elements = sizes;
        value.Constant = sizes.All(size => size.IsStatic) ? ConstantElements.FromIntegers([.. sizes.Select(size => size.Constant)]) : null;
        return value;
    }

    /// <summary>The value under a shape of exactly these sizes: 0 is a size like any other and copies nothing.</summary>
    public Value Reshape(Value x, params IReadOnlyList<Dimension> sizes) => Add("Reshape", [("allowzero", 1L)], x, Sizes(sizes));

    /// <summary>Makes all readers of the node's output read <paramref name="replacement"/>; the node itself is then dead.</summary>
    public void Replace(Value? output, Value replacement)
    {
        if (output is not null)
        {
            Graph.ReplaceUses(output, replacement);
        }
    }

    /// <summary>Where the next node goes: before the replaced one, wherever others have moved it.</summary>
    private int Place()
    {
        if (_index >= Graph.Nodes.Count || Graph.Nodes[_index] != node)
        {
            _index = Graph.Nodes.IndexOf(node);
        }

        return _index++;
    }

    private Value Known(Dimension[] elements, Shape shape)
    {
        var type = new TensorType(ElementType.Int64, shape);
        if (elements.All(element => element.IsStatic))
        {
            return Graph.AddConstant($"{node.Name}/sizes", ConstantElements.FromIntegers([.. elements.Select(element => element.Constant)], type));
        }

        Value value = Graph.AddValue($"{node.Name}/sizes", type);
        value.Elements = elements;
        return value;
    }
}
