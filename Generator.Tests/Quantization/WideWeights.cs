using System.Runtime.InteropServices;
using Cameo.Generator.Onnx.Proto;
using Google.Protobuf;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Quantization;

/// <summary>
/// A model with 4-bit weights rewritten to have the very numbers that they stand for as float32: (stored − zero point) · scale, computed in double. MatMulNBits becomes MatMul, DequantizeLinear
/// of a constant becomes the constant.
/// </summary>
internal static class WideWeights
{
    public static byte[] Rewrite(byte[] content)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(content);
        GraphProto graph = model.Graph;
        Dictionary<string, TensorProto> tensors = graph.Initializer.ToDictionary(static tensor => tensor.Name);
        NodeProto[] nodes = [.. graph.Node];
        graph.Node.Clear();
        foreach (NodeProto node in nodes)
        {
            if (node.OpType == "MatMulNBits")
            {
                string name = node.Output[0] + "_wide";
                graph.Initializer.Add(Blocks(node, tensors, name));
                var product = new NodeProto { OpType = "MatMul", Name = node.Name };
                product.Input.Add([node.Input[0], name]);
                product.Output.Add(node.Output);
                graph.Node.Add(product);
            }
            else if (node.OpType == "DequantizeLinear" && tensors.ContainsKey(node.Input[0]))
            {
                graph.Initializer.Add(Rows(node, tensors));
            }
            else
            {
                graph.Node.Add(node);
            }
        }

        return model.ToByteArray();
    }

    /// <summary>The weights [K, N] of MatMulNBits, which stores [N, blocks, elements], two to a byte.</summary>
    private static TensorProto Blocks(NodeProto node, Dictionary<string, TensorProto> tensors, string name)
    {
        (int depth, int columns, int blockSize) = ((int)Number(node, "K"), (int)Number(node, "N"), (int)Number(node, "block_size"));
        int blocks = (depth + blockSize - 1) / blockSize;
        byte[] elements = tensors[node.Input[1]].RawData.ToByteArray();
        ReadOnlySpan<float> scales = Floats(tensors[node.Input[2]]);
        byte[]? zeros = node.Input.Count > 3 && node.Input[3].Length > 0 ? tensors[node.Input[3]].RawData.ToByteArray() : null;
        var wide = new float[depth * columns];
        for (int column = 0; column < columns; column++)
        {
            for (int k = 0; k < depth; k++)
            {
                int block = k / blockSize;
                int zero = zeros is null ? 8 : Half(zeros, (column * ((blocks + 1) / 2 * 2)) + block);
                wide[(k * columns) + column] = (float)((Half(elements, (column * blocks * blockSize) + k) - zero) * (double)scales[(column * blocks) + block]);
            }
        }

        return Tensor(name, wide, depth, columns);
    }

    /// <summary>The weights [K, N] of DequantizeLinear with blocks along the first axis.</summary>
    private static TensorProto Rows(NodeProto node, Dictionary<string, TensorProto> tensors)
    {
        TensorProto weights = tensors[node.Input[0]];
        (int depth, int columns, int blockSize) = ((int)weights.Dims[0], (int)weights.Dims[1], (int)Number(node, "block_size"));
        bool isSigned = weights.DataType == (int)DataType.Int4;
        byte[] elements = weights.RawData.ToByteArray();
        ReadOnlySpan<float> scales = Floats(tensors[node.Input[1]]);
        byte[]? zeros = node.Input.Count > 2 ? tensors[node.Input[2]].RawData.ToByteArray() : null;
        var wide = new float[depth * columns];
        for (int index = 0; index < wide.Length; index++)
        {
            int parameter = (index / columns / blockSize * columns) + (index % columns);
            int stored = Half(elements, index), zero = zeros is null ? 0 : Half(zeros, parameter);
            wide[index] = (float)((Value(stored) - Value(zero)) * (double)scales[parameter]);
        }

        return Tensor(node.Output[0], wide, depth, columns);

        int Value(int bits) => isSigned && bits > 7 ? bits - 16 : bits;
    }

    private static long Number(NodeProto node, string name) => node.Attribute.Single(attribute => attribute.Name == name).I;

    private static int Half(byte[] bytes, int index) => (bytes[index / 2] >> (index % 2 * 4)) & 15;

    private static float[] Floats(TensorProto tensor) => tensor.FloatData.Count > 0 ? [.. tensor.FloatData] : MemoryMarshal.Cast<byte, float>(tensor.RawData.Span).ToArray();

    private static TensorProto Tensor(string name, float[] elements, int rows, int columns)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)DataType.Float, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(elements)) };
        tensor.Dims.Add([rows, columns]);
        return tensor;
    }
}
