using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Models;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Quantization;

/// <summary>GatherBlockQuantized: every type of data, axes; element by element, and by ONNX Runtime where that takes the model.</summary>
public sealed class GatherBlockQuantizedTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [SkippableTheory]
    [InlineData("uint8", 2, true, 0, 1, true, "float32")]
    [InlineData("uint8", 2, false, 0, 1, true, "float16")]
    [InlineData("uint8", 4, true, 0, 1, false, "float32")]
    [InlineData("uint8", 8, true, 0, -1, true, "float32")]
    [InlineData("uint8", 8, false, 0, 1, false, "bfloat16")]
    [InlineData("int4", 4, true, 0, 1, true, "float32")]
    [InlineData("int4", 4, false, 1, 0, true, "float32")]
    [InlineData("uint4", 4, true, 1, 1, true, "float16")]
    [InlineData("uint4", 4, false, 0, 0, true, "float32")]
    public void IntegersAgree(string type, int bits, bool hasZeros, int axis, int blockAxis, bool isConstant, string scaleType)
    {
        const int BlockSize = 16;
        int[] shape = [40, 48];
        int along = blockAxis < 0 ? blockAxis + 2 : blockAxis, perByte = type == "uint8" ? 8 / bits : 2;
        int[] blocks = [.. shape.Select((size, index) => index == along ? (size + BlockSize - 1) / BlockSize : size)];
        var random = new Random(bits);
        int low = type == "int4" ? -8 : 0;
        int[] data = [.. Enumerable.Range(0, shape[0] * shape[1]).Select(_ => random.Next(1 << bits) + low)];
        int[] zeros = [.. Enumerable.Range(0, blocks[0] * blocks[1]).Select(_ => !hasZeros ? type == "uint8" ? 1 << (bits - 1) : 0 : random.Next(1 << bits) + low)];
        float[] scales = [.. Enumerable.Range(0, zeros.Length).Select(_ => (random.Next(64) + 1) / 64f)];
        DataType element = type switch { "int4" => DataType.Int4, "uint4" => DataType.Uint4, _ => DataType.Uint8 };
        long[] dataShape = type == "uint8" ? [shape[0], shape[1] / perByte] : [shape[0], shape[1]];
        byte[] packed = Pack(data, shape[1], bits);
        OnnxModelBuilder builder = new OnnxModelBuilder(21);
        long[] indices = [0, shape[axis] - 1, -1, -shape[axis], 5];
        var inputs = new Dictionary<string, Tensor> { ["indices"] = Tensor.Create(indices, 1, indices.Length) };
        if (isConstant)
        {
            builder.Constant("data", element, packed, dataShape);
        }
        else
        {
            builder.Input("data", element, [.. dataShape.Cast<object>()]);
            inputs["data"] = Tensor.Create(packed, dataShape);
        }

        builder.Input("indices", DataType.Int64, 1, indices.Length);
        Scales(builder, "scales", scaleType, scales, blocks[0], blocks[1]);
        if (hasZeros)
        {
            int perRow = type == "uint8" ? perByte : 1;
            builder.Constant("zeros", element, Pack(zeros, type == "uint8" ? blocks[1] : zeros.Length, bits), blocks[0], (blocks[1] + perRow - 1) / perRow);
        }

        builder.Node("com.microsoft.GatherBlockQuantized", ["data", "indices", "scales", hasZeros ? "zeros" : ""], ["y"], ("bits", bits), ("block_size", BlockSize), ("gather_axis", axis), ("quantize_axis", blockAxis));
        object[] result = axis == 0 ? [1, indices.Length, shape[1]] : [shape[0], 1, indices.Length];
        builder.Output("y", Scale(scaleType), result);
        double[] actual = Run($"Integers{type}{bits}{axis}{along}{hasZeros}", builder, inputs);
        double[] expected = Gather(shape, indices, axis, (row, column) =>
        {
            int block = along == 0 ? (row / BlockSize * blocks[1]) + column : (row * blocks[1]) + (column / BlockSize);
            return (data[(row * shape[1]) + column] - zeros[block]) * (double)scales[block];
        });
        Compare(expected, actual, scaleType);
        if (scaleType != "bfloat16")
        {
            Tensor theirs = OnnxRuntimeOracle.Run(builder, inputs)["y"];
            Compare(TensorNumbers.Read(theirs.ElementType, theirs.Bytes), actual, scaleType);
        }
    }

    [Theory]
    [InlineData("e4m3fn", 16, false, 0, 1)]
    [InlineData("e4m3fn", 0, true, 0, 1)]
    [InlineData("e4m3fnuz", 32, true, 1, 1)]
    [InlineData("e5m2", 0, false, 0, 1)]
    [InlineData("e5m2fnuz", 16, false, 1, 0)]
    [InlineData("e2m1", 16, false, 0, 1)]
    [InlineData("e2m1", 0, true, 1, 0)]
    public void SmallFloatsAgree(string type, int blockSize, bool broadcasts, int axis, int blockAxis)
    {
        int[] shape = [32, 64];
        int[] blocks = [.. shape.Select((size, index) => index == blockAxis ? blockSize == 0 ? 1 : size / blockSize : broadcasts ? 1 : size)];
        (DataType element, ElementType read) = type switch
        {
            "e4m3fn" => (DataType.Float8E4M3Fn, ElementType.Float8E4M3FN),
            "e4m3fnuz" => (DataType.Float8E4M3Fnuz, ElementType.Float8E4M3FNUZ),
            "e5m2" => (DataType.Float8E5M2, ElementType.Float8E5M2),
            "e5m2fnuz" => (DataType.Float8E5M2Fnuz, ElementType.Float8E5M2FNUZ),
            _ => (DataType.Float4E2M1, ElementType.Float4E2M1),
        };
        var random = new Random(blockSize + axis);

        // No infinities and no NaN: exponents below the largest.
        byte[] codes = [.. Enumerable.Range(0, shape[0] * shape[1]).Select(_ => type == "e2m1" ? (byte)random.Next(16) : (byte)(random.Next(0x60) | (random.Next(2) << 7)))];
        codes = [.. codes.Select(static code => code == 0x80 ? (byte)0 : code)];
        double[] numbers = TensorNumbers.Read(read, codes);
        float[] scales = [.. Enumerable.Range(0, blocks[0] * blocks[1]).Select(_ => (random.Next(64) + 1) / 64f)];
        long[] indices = [1, -2, 7];
        OnnxModelBuilder builder = new OnnxModelBuilder(23).Constant("data", element, type == "e2m1" ? Pack([.. codes.Select(static code => (int)code)], codes.Length, 4) : codes, shape[0], shape[1])
            .Input("indices", DataType.Int64, indices.Length).Constant("scales", scales, blocks[0], blocks[1])
            .Node("com.microsoft.GatherBlockQuantized", ["data", "indices", "scales"], ["y"], ("block_size", blockSize), ("gather_axis", axis), ("quantize_axis", blockAxis))
            .Output("y", axis == 0 ? [indices.Length, shape[1]] : [shape[0], indices.Length]);
        double[] expected = Gather(shape, indices, axis, (row, column) =>
        {
            int Block(int index, int position) => blocks[index] == 1 ? 0 : index == blockAxis ? position / blockSize : position;
            return numbers[(row * shape[1]) + column] * scales[(Block(0, row) * blocks[1]) + Block(1, column)];
        });
        Compare(expected, Run($"Floats{type}{blockSize}", builder, new() { ["indices"] = Tensor.Create(indices, indices.Length) }), "float32");
    }

    [Theory]
    [InlineData("Uint8", 3, 16, 0, 1, "elements of 3 bits")]
    [InlineData("Uint8", 4, 8, 0, 1, "'block_size' is 8")]
    [InlineData("Uint8", 4, 24, 0, 1, "'block_size' is 24")]
    [InlineData("Uint8", 4, 0, 0, 1, "'block_size' is 0")]
    [InlineData("Uint8", 8, 16, 1, 1, "must be gathered along the first")]
    [InlineData("Uint8", 4, 16, 0, 0, "must be gathered along the first")]
    [InlineData("Uint4", 8, 16, 0, 1, "elements of 8 bits")]
    [InlineData("Int16", 4, 16, 0, 1, "elements of 4 bits in data of type int16")]
    [InlineData("Uint8", 4, 32, 0, 1, "scales of shape")]
    [InlineData("Uint8", 4, 16, 2, 1, "axis 2 does not exist")]
    public void RefusesWhatDoesNotFit(string name, int bits, int blockSize, int axis, int blockAxis, string reason)
    {
        DataType type = Enum.Parse<DataType>(name);
        OnnxModelBuilder builder = new OnnxModelBuilder(21).Input("data", type, 4, type == DataType.Uint8 && bits == 4 ? 32 : 64).Input("indices", DataType.Int64, 2).Input("scales", 4, 4)
            .Node("com.microsoft.GatherBlockQuantized", ["data", "indices", "scales"], ["y"], ("bits", bits), ("block_size", blockSize), ("gather_axis", axis), ("quantize_axis", blockAxis))
            .Output("y", "a", "b");
        Assert.Contains(reason, _models.Refusal($"Gather{bits}{blockSize}{axis}{blockAxis}", builder), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(-5)]
    public void IndicesOutsideTheAxisEndTheRun(long index)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(21).Constant("data", DataType.Uint8, new byte[4 * 16], 4, 16).Input("indices", DataType.Int64, 1).Weight("scales", 4, 1)
            .Node("com.microsoft.GatherBlockQuantized", ["data", "indices", "scales"], ["y"], ("bits", 8), ("block_size", 16)).Output("y", 1, 16);
        Assert.Throws<IndexOutOfRangeException>(() => Run("GatherOutside", builder, new() { ["indices"] = Tensor.Create([index], 1) }));
    }

    [Fact]
    public void RefusesZeroPointsOfSmallFloats()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(21).Input("data", DataType.Float8E5M2, 4, 16).Input("indices", DataType.Int64, 2).Input("scales", 4, 1).Input("zeros", DataType.Float8E5M2, 4, 1)
            .Node("com.microsoft.GatherBlockQuantized", ["data", "indices", "scales", "zeros"], ["y"], ("block_size", 16)).Output("y", 2, 16);
        Assert.Contains("has no zero points", _models.Refusal("GatherZeros", builder), StringComparison.Ordinal);
    }

    private static double[] Gather(int[] shape, long[] indices, int axis, Func<int, int, double> element)
    {
        int[] found = [.. indices.Select(index => (int)(index < 0 ? index + shape[axis] : index))];
        return axis == 0
            ? [.. found.SelectMany(row => Enumerable.Range(0, shape[1]).Select(column => element(row, column)))]
            : [.. Enumerable.Range(0, shape[0]).SelectMany(row => found.Select(column => element(row, column)))];
    }

    /// <summary>Elements lowest bits first; every row of bytes begins anew.</summary>
    private static byte[] Pack(int[] elements, int row, int bits) => [.. elements.Chunk(row).SelectMany(part => part.Chunk(8 / bits)
        .Select(group => (byte)group.Select((element, index) => (element & ((1 << bits) - 1)) << (index * bits)).Sum()))];

    private static DataType Scale(string type) => type switch { "float16" => DataType.Float16, "bfloat16" => DataType.Bfloat16, _ => DataType.Float };

    private static void Scales(OnnxModelBuilder builder, string name, string type, float[] values, params long[] shape)
    {
        byte[] bytes = type switch
        {
            "float16" => [.. values.SelectMany(static value => BitConverter.GetBytes((Half)value))],
            "bfloat16" => [.. values.SelectMany(static value => BitConverter.GetBytes((ushort)(BitConverter.SingleToUInt32Bits(value) >> 16)))],
            _ => [.. values.SelectMany(BitConverter.GetBytes)],
        };
        builder.Constant(name, Scale(type), bytes, shape);
    }

    private static void Compare(double[] expected, double[] actual, string type)
    {
        // Products of small whole numbers and multiples of 1/64: at most 14 bits, which float16 and bfloat16 round.
        double tolerance = type switch { "float16" => 1.0 / 1024, "bfloat16" => 1.0 / 128, _ => 0 };
        Assert.Equal(expected.Length, actual.Length);
        for (int index = 0; index < expected.Length; index++)
        {
            Assert.Equal(expected[index], actual[index], tolerance * Math.Abs(expected[index]));
        }
    }

    private double[] Run(string name, OnnxModelBuilder builder, Dictionary<string, Tensor> inputs)
    {
        using CompiledModel model = _models.Load(name, builder);
        using CompiledSession session = model.CreateSession();
        Tensor result = session.Run(inputs)["y"];
        return TensorNumbers.Read(result.ElementType, result.Bytes);
    }
}
