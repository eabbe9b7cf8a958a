using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Generative;

/// <summary>MoE and QMoE against a reference in double precision.</summary>
public sealed class MixtureOfExpertsTests : IDisposable
{
    private const int Experts = 5, Hidden = 32, Inner = 48;

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("relu", 2, false, false, true, 7)]
    [InlineData("gelu", 1, true, false, false, 3)]
    [InlineData("silu", 3, true, true, true, 40)]
    [InlineData("identity", 5, false, true, true, 1)]
    [InlineData("swiglu1", 2, true, false, true, 9)]
    [InlineData("swiglu2", 2, false, false, false, 9)]
    [InlineData("swiglu0", 2, true, true, true, 9)]
    [InlineData("sparse", 2, false, false, true, 9)]
    public void MoeAgreesWithTheReference(string kind, int chosen, bool normalizes, bool hasThird, bool isConstant, int tokens)
    {
        var layer = new ExpertsReference { Kind = kind, Chosen = chosen, Normalizes = normalizes, HasThird = hasThird, Hidden = Hidden, Inner = Inner, Experts = Experts };
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 1, "tokens", Hidden).Input("router", "tokens", Experts);
        var inputs = new List<(string, Tensor)>();
        string[] names = ["w1", "b1", "w2", "b2", "w3", "b3"];
        foreach (string name in names.Take(hasThird ? 6 : 4))
        {
            long[] shape = layer.Shape(name);
            if (isConstant)
            {
                builder.Weight(name, shape);
            }
            else
            {
                builder.Input(name, [.. shape.Cast<object>()]);
                inputs.Add((name, Tensor.Create(OnnxModelBuilder.WeightValues(name, shape), shape)));
            }
        }

        builder.Node("com.microsoft.MoE", ["x", "router", .. names.Take(hasThird ? 6 : 4)], ["y"], layer.Attributes()).Output("y", 1, "tokens", Hidden);
        using CompiledModel model = _models.Load($"Moe{kind}{chosen}", builder);
        float[] x = OnnxModelBuilder.WeightValues("x", tokens, Hidden), router = [.. OnnxModelBuilder.WeightValues("router", tokens, Experts).Select(static value => 2 * value)];
        inputs.Add(("x", Tensor.Create(x, 1, tokens, Hidden)));
        inputs.Add(("router", Tensor.Create(router, tokens, Experts)));
        double[] expected = layer.Run(x, router, name => [.. OnnxModelBuilder.WeightValues(name, layer.Shape(name)).Select(static value => (double)value)]);
        float[][] results = [.. new[] { 1, 3 }.Select(threads =>
        {
            using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
            return SmallModels.Run(session, "y", [.. inputs]);
        })];
        Compare(expected, results[0], 1e-5);
        Assert.Equal(results[0], results[1]);
    }

    [Theory]
    [InlineData(4, 0, false, "relu", true)]
    [InlineData(4, 16, true, "swiglu1", true)]
    [InlineData(8, 0, true, "gelu", true)]
    [InlineData(8, 32, false, "swiglu2", true)]
    [InlineData(2, 16, false, "silu", true)]
    [InlineData(2, 16, true, "silu", true)]
    [InlineData(4, 16, true, "swiglu1", false)]
    [InlineData(8, 0, false, "identity", false)]
    public void QmoeAgreesWithTheReference(int bits, int blockSize, bool hasZeros, string kind, bool isConstant)
    {
        const int Tokens = 6;
        var layer = new ExpertsReference { Kind = kind, Chosen = 2, Normalizes = true, Hidden = Hidden, Inner = 64, Experts = Experts };
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", "tokens", Hidden).Input("router", "tokens", Experts);
        var inputs = new List<(string, Tensor)>();
        var dequantized = new Dictionary<string, double[]>();
        int perByte = 8 / bits;
        void Bytes(string name, byte[] data, params long[] shape)
        {
            if (isConstant)
            {
                builder.Constant(name, DataType.Uint8, data, shape);
            }
            else
            {
                builder.Input(name, DataType.Uint8, [.. shape.Cast<object>()]);
                inputs.Add((name, Tensor.Create(data, shape)));
            }
        }

        foreach (string name in new[] { "w1", "w2" })
        {
            long[] shape = layer.Shape(name);
            (int columns, int depth) = ((int)shape[1], (int)shape[2]);
            int blocks = blockSize == 0 ? 1 : depth / blockSize;
            var random = new Random(name[1] + bits);
            byte[] elements = [.. Enumerable.Range(0, Experts * columns * depth).Select(_ => (byte)random.Next(1 << bits))];
            byte[] zeros = [.. Enumerable.Range(0, Experts * columns * blocks).Select(_ => hasZeros ? (byte)random.Next(1 << bits) : (byte)(1 << (bits - 1)))];
            float[] scales = [.. Enumerable.Range(0, Experts * columns * blocks).Select(_ => (random.NextSingle() + 0.5f) / (1 << bits))];
            Bytes(name, Pack(elements, bits), Experts, columns, depth / perByte);
            long[] perBlock = blockSize == 0 ? [Experts, columns] : [Experts, columns, blocks];
            builder.Constant($"s{name[1]}", scales, perBlock);
            if (hasZeros)
            {
                // Each row of blocks, or all columns of an expert, begin with a byte.
                int row = blockSize == 0 ? columns : blocks;
                int rowBytes = (row + perByte - 1) / perByte;
                byte[] packed = [.. zeros.Chunk(row).SelectMany(part => Pack([.. part, .. new byte[(rowBytes * perByte) - row]], bits))];
                Bytes($"z{name[1]}", packed, blockSize == 0 ? [Experts, rowBytes] : [Experts, columns, rowBytes]);
            }

            dequantized[name] = [.. elements.Select((element, index) => (element - zeros[index / (depth / blocks)]) * (double)scales[index / (depth / blocks)])];
        }

        foreach (string name in new[] { "b1", "b2" })
        {
            builder.Weight(name, layer.Shape(name));
            dequantized[name] = [.. OnnxModelBuilder.WeightValues(name, layer.Shape(name)).Select(static value => (double)value)];
        }

        (string, object)[] attributes = [.. layer.Attributes(), ("expert_weight_bits", bits), ("block_size", blockSize)];
        string[] names = ["x", "router", "w1", "s1", "b1", "w2", "s2", "b2", "", "", "", .. hasZeros ? ["z1", "z2"] : Array.Empty<string>()];
        builder.Node("com.microsoft.QMoE", names, ["y"], blockSize == 0 ? attributes[..^1] : attributes).Output("y", "tokens", Hidden);
        using CompiledModel model = _models.Load($"Qmoe{bits}{blockSize}{hasZeros}{kind}{isConstant}", builder);
        using CompiledSession session = model.CreateSession();
        float[] x = OnnxModelBuilder.WeightValues("x", Tokens, Hidden), router = OnnxModelBuilder.WeightValues("router", Tokens, Experts);
        inputs.Add(("x", Tensor.Create(x, Tokens, Hidden)));
        inputs.Add(("router", Tensor.Create(router, Tokens, Experts)));
        Compare(layer.Run(x, router, name => dequantized[name]), SmallModels.Run(session, "y", [.. inputs]), 1e-5);
    }

    [Theory]
    [InlineData("fp8", "relu", true)]
    [InlineData("fp4", "swiglu1", true)]
    [InlineData("fp4", "silu", false)]
    [InlineData("nvfp4", "swiglu2", true)]
    public void WeightsMayBeSmallFloats(string quantization, string kind, bool isConstant)
    {
        const int Tokens = 6;
        var layer = new ExpertsReference { Kind = kind, Chosen = 2, Normalizes = true, Hidden = Hidden, Inner = 64, Experts = Experts };
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", "tokens", Hidden).Input("router", "tokens", Experts);
        var inputs = new List<(string, Tensor)>();
        var dequantized = new Dictionary<string, double[]>();
        (int block, DataType scaleType, ElementType scaleElement) = quantization switch
        {
            "fp4" => (32, DataType.Float8E8M0, ElementType.Float8E8M0),
            "nvfp4" => (16, DataType.Float8E4M3Fn, ElementType.Float8E4M3FN),
            _ => (0, DataType.Float, ElementType.Float32),
        };
        foreach (string name in new[] { "w1", "w2" })
        {
            long[] shape = layer.Shape(name);
            (int columns, int depth) = ((int)shape[1], (int)shape[2]);
            var random = new Random(name[1]);
            byte[] codes = [.. Enumerable.Range(0, Experts * columns * depth).Select(_ => block == 0 ? (byte)(random.Next(0x40) | (random.Next(2) << 7)) : (byte)random.Next(16))];
            byte[] stored = block == 0 ? codes : Pack(codes, 4);
            double[] numbers = Models.TensorNumbers.Read(block == 0 ? ElementType.Float8E4M3FN : ElementType.Float4E2M1, codes), scales = [1];
            (DataType type, ElementType element) = block == 0 ? (DataType.Float8E4M3Fn, ElementType.Float8E4M3FN) : (DataType.Uint8, ElementType.UInt8);
            long[] storedShape = [Experts, columns, depth / (block == 0 ? 1 : 2)];
            if (isConstant)
            {
                builder.Constant(name, type, stored, storedShape);
            }
            else
            {
                builder.Input(name, type, [.. storedShape.Cast<object>()]);
                inputs.Add((name, Tensor.FromBytes(element, stored, storedShape)));
            }

            if (block > 0)
            {
                byte[] scaleCodes = [.. Enumerable.Range(0, Experts * columns * depth / block).Select(_ => (byte)(quantization == "fp4" ? 121 + random.Next(6) : 8 + random.Next(32)))];
                scales = Models.TensorNumbers.Read(scaleElement, scaleCodes);
                builder.Constant($"s{name[1]}", scaleType, scaleCodes, Experts, columns, depth / block);
            }

            float[] global = [.. Enumerable.Range(0, Experts).Select(expert => 0.1f * (expert + 1))];
            builder.Constant($"g{name[1]}", global, Experts).Weight($"b{name[1]}", layer.Shape($"b{name[1]}"));
            dequantized[name] = [.. numbers.Select((number, index) => number * (block == 0 ? 1 : scales[index / block]) * global[index / (columns * depth)])];
            dequantized[$"b{name[1]}"] = [.. OnnxModelBuilder.WeightValues($"b{name[1]}", layer.Shape($"b{name[1]}")).Select(static value => (double)value)];
        }

        string[] scaleNames = block == 0 ? ["", ""] : ["s1", "s2"];
        builder.Node(
            "com.microsoft.QMoE", ["x", "router", "w1", scaleNames[0], "b1", "w2", scaleNames[1], "b2", "", "", "", "", "", "", "", "g1", "g2"], ["y"], [.. layer.Attributes(), ("quant_type", quantization)])
            .Output("y", "tokens", Hidden);
        using CompiledModel model = _models.Load($"Qmoe{quantization}{isConstant}", builder);
        using CompiledSession session = model.CreateSession();
        float[] x = OnnxModelBuilder.WeightValues("x", Tokens, Hidden), router = OnnxModelBuilder.WeightValues("router", Tokens, Experts);
        inputs.Add(("x", Tensor.Create(x, Tokens, Hidden)));
        inputs.Add(("router", Tensor.Create(router, Tokens, Experts)));
        Compare(layer.Run(x, router, name => dequantized[name]), SmallModels.Run(session, "y", [.. inputs]), 1e-5);
    }

    [Theory]
    [InlineData("wfp4afp8", "quant_type 'wfp4afp8'")]
    [InlineData("fp8", "are float8e4m3fn")]
    [InlineData("fp4", "must be float8e8m0")]
    public void RefusesQuantizationsThatDoNotFit(string quantization, string reason)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 3, 32).Input("router", 3, 2).Input("w", DataType.Uint8, 2, 32, 16).Weight("s", 2, 32, 1)
            .Node("com.microsoft.QMoE", ["x", "router", "w", "s", "", "w", "s"], ["y"], ("quant_type", quantization), ("k", 1)).Output("y", 3, 32);
        Assert.Contains(reason, _models.Refusal($"QmoeRefused{quantization}", builder), StringComparison.Ordinal);
    }

    [Fact]
    public void RouterWeightsOfTheirOwnMix()
    {
        // One expert a token, chosen by the router, that gives its bias: the result is the bias times the weight.
        const int Tokens = 2;
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", Tokens, 16).Input("router", Tokens, 2).Input("weights", Tokens, 2)
            .Constant("w", DataType.Uint8, [.. Enumerable.Repeat((byte)128, 2 * 16 * 16)], 2, 16, 16).Constant("s", [.. Enumerable.Repeat(1f, 32)], 2, 16)
            .Constant("b", [.. Enumerable.Range(0, 32).Select(static index => (float)index)], 2, 16)
            .Node("com.microsoft.QMoE", ["x", "router", "w", "s", "", "w", "s", "b", "", "", "", "", "", "", "weights"], ["y"], ("expert_weight_bits", 8), ("k", 1)).Output("y", Tokens, 16);
        using CompiledModel model = _models.Load("Given", builder);
        using CompiledSession session = model.CreateSession();
        float[] y = SmallModels.Run(
            session, "y", ("x", new Tensor(ElementType.Float32, Tokens, 16)), ("router", Tensor.Create<float>([3, 1, 0, 1], Tokens, 2)), ("weights", Tensor.Create<float>([0.25f, 9, 9, 0.5f], Tokens, 2)));
        Assert.Equal([.. Enumerable.Range(0, 16).Select(static index => 0.25f * index), .. Enumerable.Range(16, 16).Select(static index => 0.5f * index)], y);
    }

    [Theory]
    [InlineData("k", 6, "asks for 6 of 5")]
    [InlineData("activation_type", "tanh", "known are")]
    [InlineData("activation_type", "swiglu", "swiglu_fusion")]
    [InlineData("use_sparse_mixer", 1, "chooses 2")]
    public void RefusesWhatDoesNotFit(string attribute, object value, string reason)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 3, Hidden).Input("router", 3, Experts).Weight("w1", Experts, Inner, Hidden).Weight("w2", Experts, Hidden, Inner)
            .Node("com.microsoft.MoE", ["x", "router", "w1", "", "w2"], ["y"], (attribute, value)).Output("y", 3, Hidden);
        Assert.Contains(reason, _models.Refusal($"Refused{attribute}{value}", builder), StringComparison.Ordinal);
    }

    private static byte[] Pack(byte[] elements, int bits) =>
        [.. elements.Chunk(8 / bits).Select(group => (byte)group.Select((element, index) => element << (index * bits)).Sum())];

    private static void Compare(double[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        double largest = expected.Max(Math.Abs);
        for (int index = 0; index < expected.Length; index++)
        {
            Assert.Equal(expected[index], actual[index], tolerance * largest);
        }
    }
}
