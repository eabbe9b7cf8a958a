using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Operators;

namespace Cameo.Tests.Operators;

/// <summary>Builds one-node graphs and runs inference on them.</summary>
internal sealed class OperatorHarness
{
    public OperatorHarness() => Inference = new InferenceContext(Graph);

    public Graph Graph { get; } = new("test");

    public InferenceContext Inference { get; }

    /// <summary>A graph input; strings are symbols.</summary>
    public Value Input(ElementType type, params object[] sizes)
    {
        Value value = Graph.AddValue("x", new TensorType(type, Shape(sizes)));
        Graph.Inputs.Add(value);
        return value;
    }

    public Value Floats(params object[] sizes) => Input(ElementType.Float32, sizes);

    /// <summary>An int64 list.</summary>
    public Value Integers(params long[] values) => Graph.AddConstant("integers", ConstantElements.FromIntegers(values));

    public Value Integer(long value) =>
        Graph.AddConstant("integer", ConstantElements.FromIntegers([value], new TensorType(ElementType.Int64, Cameo.Generator.Graphs.Shape.Scalar)));

    public Value Scalar(double value, ElementType type = ElementType.Float32) => Graph.AddConstant("scalar", Folding.ScalarConstant(value, type));

    public Value Constant(float[] values, params long[] sizes) =>
        Graph.AddConstant("floats", ConstantElements.FromFloats(values, Cameo.Generator.Graphs.Shape.Of(sizes.Length == 0 ? [values.Length] : sizes)));

    public Value Constant(ElementType type, long[] values, params long[] sizes) =>
        Graph.AddConstant("constant", ConstantElements.FromIntegers(values, new TensorType(type, Cameo.Generator.Graphs.Shape.Of(sizes.Length == 0 ? [values.Length] : sizes))));

    /// <summary>A constant among the model's weights.</summary>
    public Value Weight(string name, ElementType type, params long[] sizes) =>
        Graph.AddConstant(name, new WeightConstant(new TensorType(type, Cameo.Generator.Graphs.Shape.Of(sizes)), new WeightSource(name, type, sizes)));

    /// <summary>A list of sizes as a shape computation gives it.</summary>
    public Value Sizes(params object[] sizes)
    {
        Value value = Graph.AddValue("sizes", new TensorType(ElementType.Int64, Cameo.Generator.Graphs.Shape.Of(sizes.Length)));
        value.Elements = [.. Shape(sizes)];
        return value;
    }

    public Shape Shape(params object[] sizes) => new([.. sizes.Select(Dimension)]);

    public Dimension Dimension(object size)
    {
        switch (size)
        {
            case string symbol:
                Graph.Symbols.Declare(symbol);
                return Cameo.Generator.Graphs.Dimension.Symbol(symbol);
            case Dimension dimension:
                return dimension;
            default:
                return Convert.ToInt64(size);
        }
    }

    /// <summary>Adds a node and infers it; the result is its first output.</summary>
    public Value Infer(string type, int version, (string Name, object Value)[] attributes, params Value?[] inputs) =>
        InferNode(type, version, attributes, 1, "", inputs).Output;

    public Value Infer(string type, int version, params Value?[] inputs) => Infer(type, version, [], inputs);

    public Node InferNode(string type, int version, (string Name, object Value)[] attributes, int outputs, string domain, params Value?[] inputs)
    {
        Node node = Graph.AddNode("node", type, inputs, version, domain: domain);
        foreach ((string name, object value) in attributes)
        {
            node.SetAttribute(name, value);
        }

        for (int output = 0; output < outputs; output++)
        {
            node.AddOutput(Graph.AddValue("y"));
        }

        InferNode(node);
        return node;
    }

    public void InferNode(Node node)
    {
        Operator known = OperatorRegistry.Find(node) ?? throw new InvalidOperationException($"{node.OperatorName} is not registered.");
        OperatorRegistry.ResolveVersion(known, node);
        known.Infer(node, Inference);
    }

    /// <summary>Normalises and expands a node (and what it becomes) until only what is kept is left, and returns the graph's nodes. All outputs are read, or those given.</summary>
    public IReadOnlyList<Node> Expand(Node node, params int[] outputs)
    {
        for (int output = 0; output < node.Outputs.Count; output++)
        {
            if (node.Outputs[output] is { } value && (outputs.Length == 0 || outputs.Contains(output)))
            {
                Graph.Outputs.Add(value);
            }
        }

        for (int index = 0; index < Graph.Nodes.Count;)
        {
            Node current = Graph.Nodes[index];
            Operator known = OperatorRegistry.Find(current)!;
            if (known.Normalize(current, new ExpansionContext(Graph, current, InferNode)) || known.Expand(current, new ExpansionContext(Graph, current, InferNode)))
            {
                Graph.Nodes.Remove(current);
                current.Detach();
            }
            else
            {
                index++;
            }
        }

        return Graph.Nodes;
    }

    public static float[] ReadFloats(Value value) => [.. ConstantElements.ReadDoubles((InlineConstant)value.Constant!).Select(number => (float)number)];

    public static double[] ReadDoubles(Value value) => ConstantElements.ReadDoubles((InlineConstant)value.Constant!);

    public static long[] ReadIntegers(Value value) => ConstantElements.ReadIntegers((InlineConstant)value.Constant!);

    /// <summary>The known elements as text.</summary>
    public static string ReadElements(Value value) => string.Join(", ", value.Elements!.Select(element => element.ToString()));
}
