using Cameo.Generator.Onnx.Proto;
using Google.Protobuf;

namespace Cameo.Benchmarks.Models;

/// <summary>Random forests of the size that is usual for tables: 100 trees of 9 comparisons over 28 features, as scikit-learn's regressors are converted.</summary>
internal static class ForestModels
{
    public const int Features = 28;

    private const int Trees = 100;
    private const int Depth = 9;
    private const int Float32 = 1;

    /// <summary>Writes the model.</summary>
    /// <param name="folder">Where it goes.</param>
    public static void Write(string folder)
    {
        var random = new Random(1);
        int perTree = (1 << (Depth + 1)) - 1, inner = (1 << Depth) - 1;
        var node = new NodeProto { OpType = "TreeEnsembleRegressor", Domain = "ai.onnx.ml", Name = "forest" };
        node.Input.Add("x");
        node.Output.Add("y");
        (int Tree, int Node)[] nodes = [.. Enumerable.Range(0, Trees).SelectMany(tree => Enumerable.Range(0, perTree).Select(index => (tree, index)))];
        (int Tree, int Node)[] leaves = [.. nodes.Where(entry => entry.Node >= inner)];
        Add(node, "nodes_treeids", nodes.Select(static entry => (long)entry.Tree));
        Add(node, "nodes_nodeids", nodes.Select(static entry => (long)entry.Node));
        Add(node, "nodes_featureids", nodes.Select(entry => entry.Node < inner ? random.Next(Features) : 0L));
        Add(node, "nodes_truenodeids", nodes.Select(entry => entry.Node < inner ? (2 * entry.Node) + 1L : 0L));
        Add(node, "nodes_falsenodeids", nodes.Select(entry => entry.Node < inner ? (2 * entry.Node) + 2L : 0L));
        Add(node, "nodes_values", nodes.Select(entry => entry.Node < inner ? (random.NextSingle() * 2) - 1 : 0f));
        Add(node, "target_treeids", leaves.Select(static entry => (long)entry.Tree));
        Add(node, "target_nodeids", leaves.Select(static entry => (long)entry.Node));
        Add(node, "target_ids", leaves.Select(static _ => 0L));
        Add(node, "target_weights", leaves.Select(_ => random.NextSingle()));
        var modes = new AttributeProto { Name = "nodes_modes", Type = AttributeProto.Types.AttributeType.Strings };
        modes.Strings.Add(nodes.Select(entry => ByteString.CopyFromUtf8(entry.Node < inner ? "BRANCH_LEQ" : "LEAF")));
        node.Attribute.Add(modes);
        node.Attribute.Add(new AttributeProto { Name = "n_targets", Type = AttributeProto.Types.AttributeType.Int, I = 1 });

        var graph = new GraphProto { Name = "forest" };
        graph.Node.Add(node);
        graph.Input.Add(Describe("x", Features));
        graph.Output.Add(Describe("y", 1));
        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 18 });
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 1 });
        File.WriteAllBytes(Path.Combine(folder, "forest.onnx"), model.ToByteArray());
    }

    private static void Add(NodeProto node, string name, IEnumerable<long> values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
        attribute.Ints.Add(values);
        node.Attribute.Add(attribute);
    }

    private static void Add(NodeProto node, string name, IEnumerable<float> values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Floats };
        attribute.Floats.Add(values);
        node.Attribute.Add(attribute);
    }

    private static ValueInfoProto Describe(string name, int columns)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "rows" });
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = columns });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = Float32, Shape = shape } } };
    }
}
