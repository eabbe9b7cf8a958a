using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Models;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators;

/// <summary>Products, gates and norms that com.microsoft fuses, element by element in double precision.</summary>
public sealed class FusedContribTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("NhwcConv", "", 1, false, "Float")]
    [InlineData("NhwcConv", "", 2, false, "Float16")]
    [InlineData("NhwcFusedConv", "Relu", 1, true, "Float")]
    [InlineData("NhwcFusedConv", "LeakyRelu", 2, true, "Float")]
    [InlineData("NhwcFusedConv", "", 4, false, "Float16")]
    public void ConvolutionsTakeChannelsLast(string type, string activation, int groups, bool hasSum, string typeName)
    {
        const int Batch = 2, Rows = 5, Columns = 6, Channels = 4, Outputs = 8;
        DataType element = Enum.Parse<DataType>(typeName);
        (int height, int width) = (3, 6);
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", element, Batch, Rows, Columns, Channels).Input("w", element, Outputs, Channels / groups, 3, 3).Input("b", element, Outputs).Input("z", element, Batch, height, width, Outputs);
        (string, object)[] attributes = [("group", groups), ("pads", new long[] { 1, 1, 1, 1 }), ("strides", new long[] { 2, 1 }), .. activation.Length > 0 ? [("activation", activation)] : Array.Empty<(string, object)>(), .. activation == "LeakyRelu" ? [("activation_params", new[] { 0.25f })] : Array.Empty<(string, object)>()];
        builder.Node($"com.microsoft.{type}", hasSum ? ["x", "w", "b", "z"] : ["x", "w", "b"], ["y"], attributes).Output("y", element, Batch, height, width, Outputs);
        if (!hasSum)
        {
            builder.Node("Identity", ["z"], ["unused"]).Output("unused", element, Batch, height, width, Outputs);
        }

        var inputs = new Dictionary<string, Tensor>
        {
            ["x"] = Numbers(element, "x", Batch, Rows, Columns, Channels),
            ["w"] = Numbers(element, "w", Outputs, Channels / groups, 3, 3),
            ["b"] = Numbers(element, "b", Outputs),
            ["z"] = Numbers(element, "z", Batch, height, width, Outputs),
        };
        double[] y = Run($"{type}{activation}{groups}", builder, inputs)["y"];
        double[] Read(string name) => TensorNumbers.Read(inputs[name].ElementType, inputs[name].Bytes);
        (double[] x, double[] w, double[] b, double[] z) = (Read("x"), Read("w"), Read("b"), Read("z"));
        for (int index = 0; index < y.Length; index++)
        {
            (int row, int i, int j, int output) = (index / (height * width * Outputs), index / (width * Outputs) % height, index / Outputs % width, index % Outputs);
            double sum = b[output];
            for (int tap = 0; tap < 9 * Channels / groups; tap++)
            {
                (int channel, int r, int c) = (tap / 9, (2 * i) + (tap / 3 % 3) - 1, j + (tap % 3) - 1);
                if (r is >= 0 and < Rows && c is >= 0 and < Columns)
                {
                    sum += x[(((((row * Rows) + r) * Columns) + c) * Channels) + (output / (Outputs / groups) * (Channels / groups)) + channel] * w[(output * 9 * Channels / groups) + tap];
                }
            }

            sum += hasSum ? z[index] : 0;
            Assert.Equal(activation switch { "Relu" => Math.Max(sum, 0), "LeakyRelu" => sum < 0 ? sum / 4 : sum, _ => sum }, y[index], element == DataType.Float16 ? 1e-2 : 1e-5);
        }
    }

    [Theory]
    [InlineData("Relu")]
    [InlineData("Selu")]
    [InlineData("ThresholdedRelu")]
    [InlineData("HardSigmoid")]
    [InlineData("Softmax")]
    public void ProductsEndInActivations(string activation)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("a", 3, 4).Input("b", 5, 4)
            .Node("com.microsoft.FusedMatMulActivation", ["a", "b"], ["y"], ("activation", activation), ("transB", 1), ("alpha", 0.5f), ("activation_alpha", 0.3f), ("activation_beta", 0.1f), ("activation_gamma", 2f), ("activation_axis", 0)).Output("y", 3, 5);
        float[] a = Values("a", 12), b = Values("b", 20);
        double[] y = Run($"Activation{activation}", builder, new() { ["a"] = Tensor.Create(a, 3, 4), ["b"] = Tensor.Create(b, 5, 4) })["y"];
        double[] products = [.. Enumerable.Range(0, 15).Select(index => 0.5 * Enumerable.Range(0, 4).Sum(k => (double)a[(index / 5 * 4) + k] * b[(index % 5 * 4) + k]))];
        for (int index = 0; index < 15; index++)
        {
            double x = products[index];
            double expected = activation switch
            {
                "Relu" => Math.Max(x, 0),
                "Selu" => 2 * (x > 0 ? x : 0.3 * (Math.Exp(x) - 1)),
                "ThresholdedRelu" => x > 0.3 ? x : 0,
                "HardSigmoid" => Math.Clamp((0.3 * x) + 0.1, 0, 1),
                _ => Math.Exp(x) / Enumerable.Range(0, 3).Sum(row => Math.Exp(products[(row * 5) + (index % 5)])),
            };
            Assert.Equal(expected, y[index], 1e-5);
        }
    }

    [Fact]
    public void UnknownActivationsAreRefused()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("a", 3, 4).Input("b", 4, 5).Node("com.microsoft.FusedMatMulActivation", ["a", "b"], ["y"], ("activation", "Cosine")).Output("y", 3, 5);
        Assert.Contains("activation 'Cosine'", _models.Refusal("Cosine", builder), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Float16", "Float16", "Float", "NONE", true)]
    [InlineData("Float8E4M3Fn", "Float8E5M2", "Float16", "RELU", true)]
    [InlineData("Float8E4M3Fn", "Float8E4M3Fn", "Float8E4M3Fn", "GELU", false)]
    public void ProductsOfSmallFloats(string left, string right, string result, string activation, bool hasSum)
    {
        const int Rows = 3, Depth = 16, Columns = 4;
        DataType[] types = [Enum.Parse<DataType>(left), Enum.Parse<DataType>(right), Enum.Parse<DataType>(result)];
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("a", types[0], Rows, Depth).Input("b", types[1], Columns, Depth).Input("c", Columns).Input("sa", 1).Input("sb", 1).Input("sy", 1)
            .Node("com.microsoft.GemmFloat8", ["a", "b", hasSum ? "c" : "", "sa", "sb", "sy"], ["y"], ("transB", 1), ("alpha", 0.5f), ("beta", 2f), ("dtype", (int)types[2]), ("activation", activation)).Output("y", types[2], Rows, Columns);
        var inputs = new Dictionary<string, Tensor>
        {
            ["a"] = Numbers(types[0], "a", Rows, Depth),
            ["b"] = Numbers(types[1], "b", Columns, Depth),
            ["c"] = Numbers(DataType.Float, "c", Columns),
            ["sa"] = Tensor.Create([0.5f], 1),
            ["sb"] = Tensor.Create([0.25f], 1),
            ["sy"] = Tensor.Create([3f], 1),
        };
        double[] y = Run($"Float8{left}{right}", builder, inputs)["y"];
        double[] a = TensorNumbers.Read(inputs["a"].ElementType, inputs["a"].Bytes), b = TensorNumbers.Read(inputs["b"].ElementType, inputs["b"].Bytes);
        for (int index = 0; index < y.Length; index++)
        {
            double sum = 0.5 * 0.125 * Enumerable.Range(0, Depth).Sum(k => a[(index / Columns * Depth) + k] * b[(index % Columns * Depth) + k]);
            sum += hasSum ? 2 * Values("c", Columns)[index % Columns] : 0;
            double expected = 3 * (activation switch { "RELU" => Math.Max(sum, 0), "GELU" => Gelu(sum), _ => sum });
            Assert.Equal(expected, y[index], types[2] switch { DataType.Float => 1e-4, DataType.Float16 => 1e-3 * (1 + Math.Abs(expected)), _ => (Math.Abs(expected) / 14) + 1e-3 });
        }
    }

    [SkippableTheory]
    [InlineData("Float")]
    [InlineData("Float16")]
    public void GatesAndNormsAgree(string typeName)
    {
        DataType type = Enum.Parse<DataType>(typeName);
        double tolerance = type == DataType.Float ? 2e-6 : 4e-3;
        var shapes = new Dictionary<string, long[]>
        {
            ["x"] = [2, 3, 8], ["y"] = [2, 3, 8], ["gate"] = [2, 3, 1], ["scale"] = [4], ["key"] = [2, 3, 2, 8], ["query"] = [2, 3, 2, 8], ["kn"] = [2, 8], ["qn"] = [2, 8], ["cn"] = [2, 8],
        };
        OnnxModelBuilder builder = new();
        var inputs = new Dictionary<string, Tensor>();
        foreach ((string name, long[] shape) in shapes)
        {
            builder.Input(name, type, [.. shape.Cast<object>()]);
            inputs[name] = Numbers(type, name, shape);
        }

        builder.Weight("dt", 8).Weight("ds", 8)
            .Node("com.microsoft.GatedAdd", ["x", "y", "gate"], ["added"]).Output("added", type, 2, 3, 8)
            .Node("com.microsoft.GatedRMSNorm", ["x", "scale", "y"], ["normed"], ("epsilon", 1e-3f)).Output("normed", type, 2, 3, 8)
            .Node("com.microsoft.LinearAttentionGate", ["x", "dt", "ds", "y"], ["decay", "beta"]).Output("decay", type, 2, 3, 8).Output("beta", type, 2, 3, 8);
        Dictionary<string, Tensor> theirs = OnnxRuntimeOracle.Run(builder, inputs);

        // The library's EngramGate is of an older signature.
        builder.Node("com.microsoft.EngramGate", ["key", "query", "x", "kn", "qn", "cn"], ["engram", "engramnormed"], ("epsilon", 1e-3f)).Output("engram", type, 2, 3, 2, 8).Output("engramnormed", type, 2, 3, 2, 8);
        Dictionary<string, double[]> results = Run($"Gates{typeName}", builder, inputs);
        double[] Read(string name) => TensorNumbers.Read(inputs[name].ElementType, inputs[name].Bytes);
        (double[] x, double[] y, double[] gate, double[] scale, double[] key, double[] query) = (Read("x"), Read("y"), Read("gate"), Read("scale"), Read("key"), Read("query"));
        float[] dt = Values("dt", 8), ds = Values("ds", 8);
        double Sigmoid(double value) => 1 / (1 + Math.Exp(-value));
        double Root(double[] all, int start, int count) => Math.Sqrt((all.AsSpan(start, count).ToArray().Sum(static value => value * value) / count) + 1e-3);
        for (int index = 0; index < 48; index++)
        {
            Assert.Equal(x[index] + (y[index] * gate[index / 8]), results["added"][index], tolerance);
            Assert.Equal(x[index] / Root(x, index / 4 * 4, 4) * scale[index % 4] * y[index] * Sigmoid(y[index]), results["normed"][index], tolerance);
            Assert.Equal(ds[index % 8] * Math.Log(1 + Math.Exp(x[index] + dt[index % 8])), results["decay"][index], tolerance);
            Assert.Equal(Sigmoid(y[index]), results["beta"][index], tolerance);
        }

        foreach ((string name, Tensor tensor) in theirs)
        {
            Assert.Equal(TensorNumbers.Read(tensor.ElementType, tensor.Bytes), results[name], (left, right) => Math.Abs(left - right) <= 2 * tolerance);
        }

        (double[] kn, double[] qn, double[] cn) = (Read("kn"), Read("qn"), Read("cn"));
        for (int row = 0; row < 12; row++)
        {
            double dot = Enumerable.Range(0, 8).Sum(c => key[(row * 8) + c] / Root(key, row * 8, 8) * kn[(row % 2 * 8) + c] * query[(row * 8) + c] / Root(query, row * 8, 8) * qn[(row % 2 * 8) + c]) / Math.Sqrt(8);
            double factor = Sigmoid(Math.Sign(dot) * Math.Sqrt(Math.Max(Math.Abs(dot), 1e-6)));
            double[] gated = [.. Enumerable.Range(0, 8).Select(c => factor * x[(row / 2 * 8) + c])];
            for (int c = 0; c < 8; c++)
            {
                Assert.Equal(gated[c], results["engram"][(row * 8) + c], tolerance);
                Assert.Equal(gated[c] / Root(gated, 0, 8) * cn[(row % 2 * 8) + c], results["engramnormed"][(row * 8) + c], tolerance);
            }
        }
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void NarrowProductsShareTheirNorm(bool hasSkip, bool hasNorm)
    {
        const int Depth = 64, Columns = 6, KeyColumns = 3, Rows = 3;
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("a", Rows, Depth).Input("skip", Rows, Depth).Weight("norm", Depth);
        var weights = new Dictionary<string, double[]>();
        foreach ((string name, int columns) in new[] { ("g", Columns), ("u", Columns), ("k", KeyColumns), ("v", KeyColumns) })
        {
            byte[] bytes = new byte[columns * Depth / 2];
            new Random(name[0]).NextBytes(bytes);
            float[] scales = Values($"{name}s", columns * 2);
            builder.Constant($"{name}w", DataType.Uint8, bytes, columns, 2, 16).Constant($"{name}s", scales, columns, 2).Weight($"{name}b", columns);
            weights[name] = [.. Enumerable.Range(0, columns * Depth).Select(index => (((bytes[index / 2] >> (index % 2 * 4)) & 15) - 8) * (double)scales[index / 32])];
        }

        (string, object)[] attributes = [("K", Depth), ("bits", 4), ("block_size", 32), ("epsilon", 1e-3f)];
        string skip = hasSkip ? "skip" : "", norm = hasNorm ? "norm" : "";
        builder.Node("com.microsoft.MatMulNBitsMlp", ["a", skip, norm, "gw", "gs", "gb", "uw", "us", ""], hasSkip ? ["y", "sum"] : ["y"], [.. attributes, ("N", Columns), ("activation", "silu")]).Output("y", Rows, Columns);
        if (hasSkip)
        {
            builder.Output("sum", Rows, Depth);
        }

        if (hasNorm)
        {
            builder.Node("com.microsoft.MatMulNBitsQkv", ["a", skip, norm, "gw", "gs", "gb", "kw", "ks", "kb", "vw", "vs", ""], ["q", "k", "v"], [.. attributes, ("Nq", Columns), ("Nkv", KeyColumns)])
                .Output("q", Rows, Columns).Output("k", Rows, KeyColumns).Output("v", Rows, KeyColumns);
        }

        float[] a = Values("a", Rows * Depth), s = Values("skip", Rows * Depth), n = Values("norm", Depth);
        Dictionary<string, double[]> results = Run($"Narrow{hasSkip}{hasNorm}", builder, new() { ["a"] = Tensor.Create(a, Rows, Depth), ["skip"] = Tensor.Create(s, Rows, Depth) });
        double[] sum = [.. a.Select((value, index) => value + (hasSkip ? s[index] : 0.0))];
        for (int row = 0; row < Rows; row++)
        {
            double[] x = sum[(row * Depth)..((row + 1) * Depth)];
            double root = Math.Sqrt((x.Sum(static value => value * value) / Depth) + 1e-3);
            x = hasNorm ? [.. x.Select((value, index) => value / root * n[index])] : x;
            double Product(string name, int column, bool hasBias) => Enumerable.Range(0, Depth).Sum(k => x[k] * weights[name][(column * Depth) + k]) + (hasBias ? Values($"{name}b", name is "g" or "u" ? Columns : KeyColumns)[column] : 0);
            for (int column = 0; column < Columns; column++)
            {
                double gate = Product("g", column, true);
                Assert.Equal(gate / (1 + Math.Exp(-gate)) * Product("u", column, false), results["y"][(row * Columns) + column], 2e-3);
                if (hasNorm)
                {
                    Assert.Equal(gate, results["q"][(row * Columns) + column], 1e-3);
                }
            }

            for (int column = 0; hasNorm && column < KeyColumns; column++)
            {
                Assert.Equal(Product("k", column, true), results["k"][(row * KeyColumns) + column], 1e-3);
                Assert.Equal(Product("v", column, false), results["v"][(row * KeyColumns) + column], 1e-3);
            }
        }

        if (hasSkip)
        {
            Assert.Equal(sum, results["sum"], static (left, right) => Math.Abs(left - right) < 1e-6);
        }
    }

    [Theory]
    [InlineData(false, "Float16", true)]
    [InlineData(true, "Bfloat16", true)]
    [InlineData(true, "Float16", false)]
    public void BlockFloatsMultiply(bool roundsInput, string typeName, bool isConstant)
    {
        const int Rows = 3, Depth = 40, Columns = 5, Block = 16, Blocks = 3;
        DataType type = Enum.Parse<DataType>(typeName);
        byte[] eights = [.. Enumerable.Range(0, Columns * Depth).Select(static index => (byte)((index * 37 % 0x70) | (index % 3 == 0 ? 0x80 : 0)))], fours = new byte[Columns * Depth / 2];
        new Random(4).NextBytes(fours);
        byte[] scaleCodes = [.. Enumerable.Range(0, Columns * Blocks).Select(static index => (byte)(0x20 + (index * 5 % 0x30)))];
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("a", type, Rows, Depth).Weight("bs", Columns, Blocks).Constant("as", [0.01f], 1).Constant("gs", [0.5f], 1).Input("bias", type, Columns);
        var inputs = new Dictionary<string, Tensor> { ["a"] = Numbers(type, "a", Rows, Depth), ["bias"] = Numbers(type, "bias", Columns) };
        if (isConstant)
        {
            builder.Constant("b8", DataType.Float8E4M3Fn, eights, Columns, Depth).Constant("b4", DataType.Uint8, fours, Columns, Depth / 2).Constant("ws", DataType.Uint8, scaleCodes, Columns, Blocks);
        }
        else
        {
            builder.Input("b8", DataType.Float8E4M3Fn, Columns, Depth).Input("b4", DataType.Uint8, Columns, Depth / 2).Input("ws", DataType.Uint8, Columns, Blocks);
            inputs["b8"] = Tensor.FromBytes(ElementType.Float8E4M3FN, eights, Columns, Depth);
            inputs["b4"] = Tensor.Create(fours, Columns, Depth / 2);
            inputs["ws"] = Tensor.Create(scaleCodes, Columns, Blocks);
        }

        builder.Node("com.microsoft.MatMulBlockQuantizedFp8Weight", ["a", "b8", "bs", roundsInput ? "as" : "", "bias"], ["y8"], ("block_size", Block)).Output("y8", type, Rows, Columns)
            .Node("com.microsoft.MatMulBlockQuantizedFp4Weight", ["a", "b4", "ws", "gs", "", "bias"], ["y4"], ("block_size", Block)).Output("y4", type, Rows, Columns);
        Dictionary<string, double[]> results = Run($"Block{typeName}{roundsInput}{isConstant}", builder, inputs);
        double[] a = TensorNumbers.Read(inputs["a"].ElementType, inputs["a"].Bytes), bias = TensorNumbers.Read(inputs["bias"].ElementType, inputs["bias"].Bytes);
        double[] b8 = TensorNumbers.Read(ElementType.Float8E4M3FN, eights), scales = TensorNumbers.Read(ElementType.Float8E4M3FN, scaleCodes);
        double[] b4 = TensorNumbers.Read(ElementType.Float4E2M1, [.. fours.SelectMany(static pair => new[] { (byte)(pair & 15), (byte)(pair >> 4) })]);
        double[] rounded = [.. a.Select(value => roundsInput ? Nearest((float)value / 0.01f) * 0.01f : value)];
        double relative = type == DataType.Float16 ? 1e-3 : 8e-3;
        for (int index = 0; index < Rows * Columns; index++)
        {
            (int row, int column) = (index / Columns, index % Columns);
            double[] eight = [.. Enumerable.Range(0, Depth).Select(k => rounded[(row * Depth) + k] * b8[(column * Depth) + k] * Values("bs", Columns * Blocks)[(column * Blocks) + (k / Block)])];
            double[] four = [.. Enumerable.Range(0, Depth).Select(k => a[(row * Depth) + k] * b4[(column * Depth) + k] * scales[(column * Blocks) + (k / Block)] * 0.5)];
            Assert.Equal(eight.Sum() + bias[column], results["y8"][index], (relative * Math.Abs(eight.Sum() + bias[column])) + (1e-5 * eight.Sum(Math.Abs)));
            Assert.Equal(four.Sum() + bias[column], results["y4"][index], (relative * Math.Abs(four.Sum() + bias[column])) + (1e-5 * four.Sum(Math.Abs)));
        }
    }

    [SkippableTheory]
    [InlineData("Uint8", new long[] { 1 }, 1, true)]
    [InlineData("Int8", new long[] { -1, 0 }, 0, true)]
    [InlineData("Uint8", new long[] { 0, 1, 2 }, 1, false)]
    public void MeansOfIntegersAgree(string typeName, long[] axes, int keeps, bool hasZeros)
    {
        DataType type = Enum.Parse<DataType>(typeName);
        byte[] x = new byte[3 * 4 * 5];
        new Random(axes.Length).NextBytes(x);
        int[] reduced = [.. axes.Select(static axis => (int)(axis < 0 ? axis + 3 : axis))];
        int[] shape = [3, 4, 5];
        object[] result = [.. shape.Select((size, axis) => reduced.Contains(axis) ? 1 : size).Where((_, axis) => keeps == 1 || !reduced.Contains(axis)).Cast<object>()];
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", type, 3, 4, 5).Constant("s", [0.05f]).Constant("z", type, [3]).Constant("ys", [0.03f]).Constant("yz", type, [100])
            .Node("com.microsoft.QLinearReduceMean", hasZeros ? ["x", "s", "z", "ys", "yz"] : ["x", "s", "", "ys"], ["y"], ("axes", axes), ("keepdims", keeps)).Output("y", type, result);
        var inputs = new Dictionary<string, Tensor> { ["x"] = Tensor.FromBytes(type == DataType.Int8 ? ElementType.Int8 : ElementType.UInt8, x, 3, 4, 5) };
        double[] y = Run($"Mean{typeName}{axes.Length}", builder, inputs)["y"];
        double[] numbers = TensorNumbers.Read(inputs["x"].ElementType, x);
        int count = 60 / y.Length;
        double[] sums = new double[y.Length];
        for (int index = 0; index < 60; index++)
        {
            int[] place = [index / 20, index / 5 % 4, index % 5];
            int target = 0;
            for (int axis = 0; axis < 3; axis++)
            {
                target = reduced.Contains(axis) ? target : (target * shape[axis]) + place[axis];
            }

            sums[target] += (numbers[index] - (hasZeros ? 3 : 0)) * 0.05;
        }

        for (int index = 0; index < y.Length; index++)
        {
            double expected = (sums[index] / count / 0.03) + (hasZeros ? 100 : 0);
            Assert.InRange(y[index] - Math.Clamp(expected, type == DataType.Int8 ? -128 : 0, type == DataType.Int8 ? 127 : 255), -0.5001, 0.5001);
        }
    }

    /// <summary>Sparse initializers with indices of elements or of coordinates, and a sparse constant.</summary>
    [Theory]
    [InlineData(false, "Float", 0, 0, 1f)]
    [InlineData(true, "Double", 1, 1, 0.5f)]
    [InlineData(true, "Int64", 0, 1, 3f)]
    public void SparseMatricesMultiply(bool hasCoordinates, string typeName, int swapsA, int swapsB, float alpha)
    {
        DataType type = Enum.Parse<DataType>(typeName);
        int[] places = [1, 4, 11];
        double[] dense = new double[12];
        (dense[1], dense[4], dense[11]) = (2, -3, 5);
        byte[] values = [.. places.SelectMany(place => type switch { DataType.Double => BitConverter.GetBytes(dense[place]), DataType.Int64 => BitConverter.GetBytes((long)dense[place]), _ => BitConverter.GetBytes((float)dense[place]) })];
        long[] indices = [.. places.SelectMany(place => hasCoordinates ? new long[] { place / 4, place % 4 } : [place])];
        long[] indexShape = hasCoordinates ? [3, 2] : [3];
        (int rows, int inner) = swapsA == 0 ? (3, 4) : (4, 3);
        long[] shape = swapsB == 0 ? [inner, 2] : [2, inner];
        OnnxModelBuilder builder = new OnnxModelBuilder().Sparse("a", type, values, indices, indexShape, 3, 4).Input("b", type, [.. shape.Cast<object>()])
            .Node("com.microsoft.SparseToDenseMatMul", ["a", "b"], ["y"], ("transA", swapsA), ("transB", swapsB), ("alpha", alpha)).Output("y", type, rows, 2);
        double[] b = [1, -2, 3, 4, -5, 6, 7, 8];
        b = b[..(inner * 2)];
        Tensor operand = type switch
        {
            DataType.Double => Tensor.Create<double>(b, shape),
            DataType.Int64 => Tensor.Create<long>([.. b.Select(static value => (long)value)], shape),
            _ => Tensor.Create<float>([.. b.Select(static value => (float)value)], shape),
        };
        double[] y = Run($"Sparse{typeName}", builder, new() { ["b"] = operand })["y"];
        for (int index = 0; index < rows * 2; index++)
        {
            (int row, int column) = (index / 2, index % 2);
            double expected = alpha * Enumerable.Range(0, inner).Sum(k => dense[swapsA == 0 ? (row * 4) + k : (k * 4) + row] * b[swapsB == 0 ? (k * 2) + column : (column * inner) + k]);
            Assert.Equal(expected, y[index]);
        }
    }

    [Fact]
    public void SparseTensorsThatDoNotFitAreRefused()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Sparse("a", DataType.Float, new byte[8], [1, 2, 3], [3], 3, 4).Node("Identity", ["a"], ["y"]).Output("y", 3, 4);
        Assert.Contains("needed are values [n] and indices", _models.Refusal("SparseRefused", builder), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("EPContext", "binary for another runtime")]
    [InlineData("Snpe", "binary for another runtime")]
    [InlineData("QuantizeBFP", "nothing specifies")]
    [InlineData("QOrderedAttention", "nothing specifies")]
    public void WhatCannotBeCompiledSaysWhy(string type, string reason)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 2, 2).Input("z", 2, 2).Node($"com.microsoft.{type}", ["x", "z"], ["y"]).Output("y", 2, 2);
        Assert.Contains(reason, _models.Refusal($"Refused{type}", builder), StringComparison.Ordinal);
    }

    private static double Gelu(double value)
    {
        // Erf by its series, which converges for small arguments.
        double z = value / Math.Sqrt(2), term = z, sum = z;
        for (int n = 1; n < 60; n++)
        {
            term *= -z * z / n;
            sum += term / ((2 * n) + 1);
        }

        return 0.5 * value * (1 + (2 / Math.Sqrt(Math.PI) * sum));
    }

    /// <summary>The nearest float8e4m3fn, of two the one whose last bit is 0.</summary>
    private static double Nearest(double value) => Enumerable.Range(0, 256).Select(static code => (Code: code, Number: TensorNumbers.Read(ElementType.Float8E4M3FN, [(byte)code])[0]))
        .Where(static known => !double.IsNaN(known.Number)).MinBy(known => (Math.Abs(known.Number - Math.Clamp(value, -448, 448)), known.Code % 2)).Number;

    private static float[] Values(string name, int count) => OnnxModelBuilder.WeightValues(name, count);

    private static Tensor Numbers(DataType type, string name, params long[] shape)
    {
        float[] values = OnnxModelBuilder.WeightValues(name, shape);
        return type switch
        {
            DataType.Float16 => Tensor.Create<Half>([.. values.Select(static value => (Half)value)], shape),
            DataType.Bfloat16 => Tensor.FromBytes(ElementType.BFloat16, [.. values.SelectMany(static value => BitConverter.GetBytes((ushort)(BitConverter.SingleToUInt32Bits(value) >> 16)))], shape),
            DataType.Float8E4M3Fn => Tensor.FromBytes(ElementType.Float8E4M3FN, [.. values.Select(static value => (byte)((int)(Math.Abs(value) * 80) | (value < 0 ? 0x80 : 0)))], shape),
            DataType.Float8E5M2 => Tensor.FromBytes(ElementType.Float8E5M2, [.. values.Select(static value => (byte)((int)(Math.Abs(value) * 64) | (value < 0 ? 0x80 : 0)))], shape),
            _ => Tensor.Create(values, shape),
        };
    }

    private Dictionary<string, double[]> Run(string name, OnnxModelBuilder builder, Dictionary<string, Tensor> inputs)
    {
        using CompiledModel model = _models.Load(name, builder);
        using CompiledSession session = model.CreateSession();
        return session.Run(inputs).ToDictionary(static result => result.Key, static result => TensorNumbers.Read(result.Value.ElementType, result.Value.Bytes));
    }
}
