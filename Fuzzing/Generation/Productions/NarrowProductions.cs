using Cameo.Fuzzing.Models;
using Cameo.Generator.Onnx.Proto;
using Cameo.Sessions;
using Google.Protobuf;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Fuzzing.Generation.Productions;

/// <summary>Numbers of four and eight bits that stay within the graph: casts there and back, weights in blocks.</summary>
internal static class NarrowProductions
{
    public static IReadOnlyList<Production> All { get; } =
    [
        new("cast-int4", 0.4, static graph => RoundTrip(graph, graph.OneOf(DataType.Int4, DataType.Uint4))),
        new("cast-float8", 0.5, static graph => RoundTrip(graph, graph.OneOf(DataType.Float8E4M3Fn, DataType.Float8E4M3Fnuz, DataType.Float8E5M2, DataType.Float8E5M2Fnuz))),
        new("cast-half", 0.7, static graph => RoundTrip(graph, graph.OneOf(DataType.Float16, DataType.Bfloat16))),
        new("castlike", 0.3, static graph => graph.Node("CastLike", [graph.Find(static value => value.IsFloat && value.Low > -100 && value.High < 100 && value.Low >= 0) ?? graph.Input(ElementType.Float32, graph.Shape(), 0, 100), graph.Constant(graph.AnyType(), [1], 0, 1)])),
        new("dequantize-int4", 0.8, Weights),
        new("quantize-blocks", 0.6, Blocks),
        new("matmul-bits", 0.8, MatMulBits),
    ];

    private static void RoundTrip(RandomGraph graph, DataType type)
    {
        FuzzValue x = graph.Find(static value => value.Type == ElementType.Float32 && value.Low > -200 && value.High < 200) ?? graph.Input(ElementType.Float32, graph.Shape(0, 4), -20, 20);
        if (type is DataType.Int4 or DataType.Uint4)
        {
            // ONNX does not say whether numbers of four bits are rounded or cut off, nor what becomes of those that do not fit.
            x = graph.Node("Round", [x]);
            x = graph.Node("Clip", [x, graph.Constant(ElementType.Float32, [], [type == DataType.Int4 ? -8 : 0]), graph.Constant(ElementType.Float32, [], [type == DataType.Int4 ? 7 : 15])]);
        }

        var step = new StepBuilder(graph);
        step.Finish("Cast", [step.Add("Cast", [x.Name], ("to", (int)type))], ("to", (int)ElementType.Float32));
    }

    private static string FourBits(RandomGraph graph, StepBuilder step, DataType type, long[] shape)
    {
        byte[] bytes = new byte[(Elements.Count(shape) + 1) / 2];
        graph.Random.NextBytes(bytes);
        if (Elements.Count(shape) % 2 == 1)
        {
            bytes[^1] &= 0x0F;
        }

        TensorProto tensor = new() { DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
        tensor.Dims.Add(shape);
        return step.Add("Constant", [], ("value", tensor));
    }

    /// <summary>A product with weights of four bits: scaled as a whole, by column or in blocks.</summary>
    private static void Weights(RandomGraph graph)
    {
        var step = new StepBuilder(graph);
        FuzzValue x = graph.Find(static value => value.Type == ElementType.Float32 && value.IsFinite && value.Rank is 2 or 3 && value.Low > -100 && value.High < 100 && value.Shape[^1] > 0)
            ?? graph.Input(ElementType.Float32, [graph.Integer(1, 9), graph.OneOf<long>(4, 8, 16, 17, 32, 64)]);
        long depth = x.Shape[^1], columns = graph.SmallSize();
        DataType type = graph.OneOf(DataType.Int4, DataType.Uint4);
        long[] blocks = [.. new long[] { 2, 4, 16, 32 }.Where(block => depth % block == 0)];
        (long[] scales, (string, object)[] attributes) = graph.Integer(0, 2) switch
        {
            0 => ((long[])[], Array.Empty<(string, object)>()),
            1 => ([columns], [("axis", 1)]),
            _ when blocks.Length > 0 && graph.OneOf<long>(blocks) is var block => ([depth / block, columns], [("axis", 0), ("block_size", block)]),
            _ => ([columns], [("axis", 1)]),
        };
        string numbers = FourBits(graph, step, type, [depth, columns]);
        FuzzValue scale = graph.Constant(ElementType.Float32, scales, 0.01, 0.2);
        string[] inputs = graph.Chance(0.6) ? [numbers, scale.Name, FourBits(graph, step, type, scales)] : [numbers, scale.Name];
        step.Finish("MatMul", [x.Name, step.Add("DequantizeLinear", inputs, attributes)]);
    }

    private static void Blocks(RandomGraph graph)
    {
        FuzzValue x = graph.Find(static value => value.Type == ElementType.Float32 && value.IsFinite && value.Rank == 2 && value.Count > 0 && value.Low > -20 && value.High < 20)
            ?? graph.Input(ElementType.Float32, [graph.OneOf<long>(2, 4, 8, 16, 32), graph.Integer(1, 9)]);
        long block = graph.OneOf<long>(1, 2, 4, 16);
        long rows = (x.Shape[0] + block - 1) / block;
        FuzzValue scale = graph.Constant(ElementType.Float32, [rows, x.Shape[1]], 0.1, 0.3);
        var step = new StepBuilder(graph);
        ElementType type = graph.OneOf(ElementType.Int8, ElementType.UInt8, ElementType.Int16, ElementType.UInt16);
        FuzzValue zero = graph.Constant(type, scale.Shape, 0, 9);
        string quantized = step.Add("QuantizeLinear", [x.Name, scale.Name, zero.Name], ("axis", 0), ("block_size", block));
        step.Finish("DequantizeLinear", [quantized, scale.Name, zero.Name], ("axis", 0), ("block_size", block));
    }

    private static void MatMulBits(RandomGraph graph)
    {
        FuzzValue x = graph.Find(static value => value.Type == ElementType.Float32 && value.IsFinite && value.Rank is 2 or 3 && value.Low > -100 && value.High < 100 && value.Shape[^1] is 32 or 64 or 96 or 128)
            ?? graph.Input(ElementType.Float32, [.. graph.Shape(1, 2), graph.OneOf<long>(32, 48, 64, 100)]);
        long depth = x.Shape[^1], columns = graph.OneOf<long>(1, 4, 16, 17, 33), block = graph.OneOf<long>(16, 32, 64);
        int bits = graph.OneOf(4, 4, 8);
        long blocks = (depth + block - 1) / block, bytes = block * bits / 8;
        FuzzValue numbers = graph.Constant(ElementType.UInt8, [columns, blocks, bytes], 0, 255);
        FuzzValue scales = graph.Constant(ElementType.Float32, [columns, blocks], 0.005, 0.05);
        long zeroBytes = ((blocks * bits) + 7) / 8;
        FuzzValue? zeros = graph.Chance(0.5) ? graph.Constant(ElementType.UInt8, [columns, zeroBytes], 0, 255) : null;
        FuzzValue? bias = graph.Chance(0.3) ? graph.Constant(ElementType.Float32, [columns]) : null;
        graph.Contrib("MatMulNBits", [x, numbers, scales, zeros, null, bias], ("K", depth), ("N", columns), ("bits", bits), ("block_size", block));
    }
}
