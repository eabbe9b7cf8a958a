using System.IO.Compression;
using Cameo.Generator.Onnx.Proto;
using Google.Protobuf;

namespace Cameo.Benchmarks.Models;

/// <summary>
/// The image nets of ONNX's light test models, whose weights are uniform: here with random ones of a scale that keeps signals alive through the net, so that results can be
/// compared and denormal numbers don't slow anyone down.
/// </summary>
internal static class LightModels
{
    private const int Float32 = 1;

    /// <summary>Writes the models as files.</summary>
    /// <param name="zip">The zip file of the test data.</param>
    /// <param name="folder">Where they go.</param>
    public static void Write(string zip, string folder)
    {
        using ZipArchive archive = ZipFile.OpenRead(zip);
        foreach (ZipArchiveEntry entry in archive.Entries.Where(static entry => entry.Name == "model.onnx").OrderBy(static entry => entry.FullName, StringComparer.Ordinal))
        {
            string name = entry.FullName.Split('/')[0];
            ModelProto model;
            using (Stream stream = entry.Open())
            {
                model = ModelProto.Parser.ParseFrom(stream);
            }

            FillWeights(model.Graph);
            File.WriteAllBytes(Path.Combine(folder, name["test_".Length..] + ".onnx"), model.ToByteArray());
        }
    }

    private static void FillWeights(GraphProto graph)
    {
        var random = new Random(1);
        Dictionary<string, TensorProto> initializers = graph.Initializer.ToDictionary(static tensor => tensor.Name, StringComparer.Ordinal);
        NodeProto[] fills = [.. graph.Node.Where(node => node.OpType == "ConstantOfShape" && initializers.ContainsKey(node.Input[0]))];
        foreach (NodeProto fill in fills)
        {
            long[] shape = ReadInt64(initializers[fill.Input[0]]);
            Replace(graph, initializers, fill.Output[0], shape, random);
            graph.Node.Remove(fill);
            graph.Initializer.Remove(initializers[fill.Input[0]]);
        }

        foreach (TensorProto tensor in graph.Initializer.Where(static tensor => tensor.DataType == Float32 && tensor.Dims.Count > 0).ToArray())
        {
            Replace(graph, initializers, tensor.Name, [.. tensor.Dims], random);
        }
    }

    private static void Replace(GraphProto graph, Dictionary<string, TensorProto> initializers, string name, long[] shape, Random random)
    {
        NodeProto? reader = graph.Node.FirstOrDefault(node => node.Input.Contains(name));
        if (reader is null)
        {
            return;
        }

        float[] values = Values(reader, reader.Input.IndexOf(name), shape, random);
        var tensor = new TensorProto { Name = name, DataType = Float32, RawData = ByteString.CopyFrom(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values)) };
        tensor.Dims.AddRange(shape);
        if (initializers.TryGetValue(name, out TensorProto? old))
        {
            graph.Initializer.Remove(old);
        }

        graph.Initializer.Add(tensor);
        initializers[name] = tensor;
    }

    /// <summary>Weights that keep the variance through a rectifier (He et al., 2015), small biases, and for batch normalisation what a trained net might have.</summary>
    private static float[] Values(NodeProto reader, int index, long[] shape, Random random)
    {
        long count = shape.Aggregate(1L, static (product, size) => product * size);
        double fanIn = shape.Length switch { > 1 when reader.OpType is "MatMul" => shape[0], > 1 => count / shape[0], _ => 1 };
        (double mean, double deviation) = (reader.OpType, index) switch
        {
            ("BatchNormalization", 1 or 4) => (1.0, 0.1),
            ("Mul", _) when shape.Length <= 3 => (1.0, 0.1),
            _ when shape.Length > 1 && reader.OpType is "Conv" or "Gemm" or "MatMul" && index == 1 => (0.0, Math.Sqrt(2 / fanIn)),
            _ => (0.0, 0.05),
        };
        var values = new float[count];
        for (long element = 0; element < count; element++)
        {
            values[element] = (float)(mean + (deviation * Normal(random)));
        }

        return values;
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static long[] ReadInt64(TensorProto tensor) =>
        tensor.Int64Data.Count > 0 ? [.. tensor.Int64Data] : System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(tensor.RawData.Span).ToArray();
}
