using Cameo.Generator.Graphs;
using Cameo.Generator.Onnx.Proto;
using Cameo.Generator.Operators;

namespace Cameo.Generator.Onnx;

/// <summary>
/// Sparse initializers and constants as dense tensors: https://onnx.ai/onnx/repo-docs/IR.html#static-tensor-shapes. Their values are scattered into zeros, once at load.
/// <para>Before: values [n] and indices [n] (of the flattened tensor) or [n, rank]. After: <c>ScatterND(zeros, indices, values)</c> under the tensor's shape.</para>
/// </summary>
internal static class SparseReader
{
    /// <summary>Adds the tensor's nodes to the graph and returns the dense tensor.</summary>
    public static Value Read(SparseTensorProto proto, string name, Graph graph, TextTable texts)
    {
        if (proto.Values is null || proto.Indices is null)
        {
            throw new ModelException(null, $"the sparse tensor '{name}' has no values or no indices");
        }

        Value values = graph.AddConstant(name, TensorReader.Read(proto.Values, name, texts)), indices = graph.AddConstant($"{name} (indices)", TensorReader.Read(proto.Indices, name, texts));
        long[] sizes = [.. proto.Dims];
        bool isFlat = indices.Shape.Rank == 1;
        if (values.Shape.Rank != 1 || indices.ElementType != ElementType.Int64 || sizes.Length == 0 || sizes.Any(size => size < 1)
            || !indices.Shape.Equals(isFlat ? values.Shape : new Shape([values.Shape[0], sizes.Length])))
        {
            throw new ModelException(null, $"the sparse tensor '{name}' has values {values.Type}, indices {indices.Type} and sizes [{string.Join(", ", sizes)}]; needed are values [n] and indices of int64 [n] or [n, rank]");
        }

        ElementType type = values.ElementType;
        if (type.Bits() < 8 || type == ElementType.String)
        {
            throw new ModelException(null, $"the sparse tensor '{name}' has elements of type {type.OnnxName()}, which is not supported", unsupported: true);
        }

        long[] shape = isFlat ? [sizes.Aggregate(1L, (product, size) => checked(product * size))] : sizes;
        Value result = graph.AddConstant($"{name} (zeros)", new WeightConstant(new TensorType(type, Shape.Of(shape)), new WeightFill(new byte[type.Bytes()], type, shape)));
        if (values.Shape[0].Constant > 0)
        {
            Value places = isFlat ? Add("Unsqueeze", indices, graph.AddConstant(name, ConstantElements.FromIntegers([1]))) : indices;
            result = Add("ScatterND", result, places, values);
        }

        return isFlat ? Add("Reshape", result, graph.AddConstant(name, ConstantElements.FromIntegers(sizes))) : result;

        Value Add(string operatorType, params Value[] inputs)
        {
            Node node = graph.AddNode($"{name}/{operatorType}", operatorType, inputs, OperatorRegistry.NewestOpset);
            node.AddOutput(graph.AddValue(name));
            return node.Output;
        }
    }
}
