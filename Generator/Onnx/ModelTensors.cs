using System.Globalization;
using Cameo.Generator.Onnx.Proto;
using Cameo.Generator.Operators;
using Google.Protobuf.Collections;

namespace Cameo.Generator.Onnx;

/// <summary>Finds all tensors of a model: initializers of the graph and of nested graphs, and values of attributes, also in functions.</summary>
internal static class ModelTensors
{
    /// <summary>All tensors in an order, and with paths, that depend on the model's structure alone. Paths may repeat.</summary>
    public static List<NamedTensor> Find(ModelProto model)
    {
        List<NamedTensor> tensors = [];
        if (model.Graph is not null)
        {
            AddGraph(tensors, model.Graph, "");
        }

        foreach (FunctionProto function in model.Functions)
        {
            string overload = function.Overload.Length == 0 ? "" : ":" + function.Overload;
            string scope = $"{function.Domain}:{function.Name}{overload}/";
            foreach (AttributeProto attribute in function.AttributeProto)
            {
                AddAttribute(tensors, attribute, scope + attribute.Name);
            }

            AddNodes(tensors, function.Node, scope);
        }

        return tensors;
    }

    private static void AddGraph(List<NamedTensor> tensors, GraphProto graph, string scope)
    {
        foreach (TensorProto tensor in graph.Initializer)
        {
            tensors.Add(new NamedTensor(tensor, scope + Name(tensor), IsInitializer: true));
        }

        foreach (SparseTensorProto tensor in graph.SparseInitializer)
        {
            AddSparse(tensors, tensor, scope + Name(tensor.Values), isInitializer: true);
        }

        AddNodes(tensors, graph.Node, scope);
    }

    private static void AddNodes(List<NamedTensor> tensors, RepeatedField<NodeProto> nodes, string scope)
    {
        for (int index = 0; index < nodes.Count; index++)
        {
            NodeProto node = nodes[index];
            string name = node.Name.Length > 0 ? node.Name : node.OpType + "_" + index.ToString(CultureInfo.InvariantCulture);
            foreach (AttributeProto attribute in node.Attribute)
            {
                AddAttribute(tensors, attribute, $"{scope}{name}/{attribute.Name}", isStructure: node.Domain == MachineLearningOperator.DomainName);
            }
        }
    }

    private static void AddAttribute(List<NamedTensor> tensors, AttributeProto attribute, string path, bool isStructure = false)
    {
        if (attribute.T is not null)
        {
            tensors.Add(new NamedTensor(attribute.T, path, IsInitializer: false, isStructure));
        }

        for (int index = 0; index < attribute.Tensors.Count; index++)
        {
            tensors.Add(new NamedTensor(attribute.Tensors[index], Element(path, index), IsInitializer: false));
        }

        if (attribute.SparseTensor is not null)
        {
            AddSparse(tensors, attribute.SparseTensor, path, isInitializer: false);
        }

        for (int index = 0; index < attribute.SparseTensors.Count; index++)
        {
            AddSparse(tensors, attribute.SparseTensors[index], Element(path, index), isInitializer: false);
        }

        if (attribute.G is not null)
        {
            AddGraph(tensors, attribute.G, path + "/");
        }

        for (int index = 0; index < attribute.Graphs.Count; index++)
        {
            AddGraph(tensors, attribute.Graphs[index], Element(path, index) + "/");
        }
    }

    private static void AddSparse(List<NamedTensor> tensors, SparseTensorProto tensor, string path, bool isInitializer)
    {
        if (tensor.Values is not null)
        {
            tensors.Add(new NamedTensor(tensor.Values, path + "/values", isInitializer));
        }

        if (tensor.Indices is not null)
        {
            tensors.Add(new NamedTensor(tensor.Indices, path + "/indices", isInitializer));
        }
    }

    private static string Name(TensorProto? tensor) => tensor?.Name is { Length: > 0 } name ? name : "unnamed";

    private static string Element(string path, int index) => path + "/" + index.ToString(CultureInfo.InvariantCulture);
}
