using Cameo.Generator.Onnx;
using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.DoublePrecision;

/// <summary>Attention of float64 against its definition.</summary>
public sealed class DoubleAttentionTests : IDisposable
{
    private const int Batch = 2, Queries = 3, Keys = 5, Past = 2, KeyHeads = 2, Size = 4, ValueSize = 3;

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(23, "", 3)]
    [InlineData(23, "flat shared causal", 0)]
    [InlineData(23, "flat shared causal cap past float", 1)]
    [InlineData(23, "shared scale boolean", 3)]
    [InlineData(24, "causal past boolean", 2)]
    [InlineData(24, "flat cap float short", 2)]
    [InlineData(24, "lengths causal shared", 3)]
    [InlineData(24, "lengths boolean short", 2)]
    [InlineData(24, "causal past state", 0)]
    [InlineData(25, "left right scale", 3)]
    [InlineData(25, "flat left causal past boolean", 3)]
    [InlineData(25, "right lengths float", 2)]
    public void AgreesWithTheDefinition(int version, string options, int mode)
    {
        bool Has(string option) => options.Split(' ').Contains(option);
        int heads = Has("shared") ? 3 * KeyHeads : KeyHeads, past = Has("past") ? Past : 0, total = Keys + past, maskKeys = Has("short") ? total - 2 : total;
        long left = Has("left") ? 1 : -1, right = Has("right") ? 1 : -1;
        double scale = Has("scale") ? 0.375 : 1 / Math.Sqrt(Size), cap = Has("cap") ? 0.75 : 0;
        long[] Shape(int headCount, int length, int size) => Has("flat") ? [Batch, length, headCount * size] : [Batch, headCount, length, size];
        double[] q = Doubles.Numbers("q", Shape(heads, Queries, Size)), k = Doubles.Numbers("k", Shape(KeyHeads, Keys, Size)), v = Doubles.Numbers("v", Shape(KeyHeads, Keys, ValueSize));
        double[] pastKeys = Doubles.Numbers("pk", Batch, KeyHeads, Past, Size), pastValues = Doubles.Numbers("pv", Batch, KeyHeads, Past, ValueSize);
        double[] added = Doubles.Numbers("mask", Batch, 1, Queries, maskKeys);

        // The second query sees no key.
        bool[] seen = [.. Enumerable.Range(0, Queries * maskKeys).Select(index => index / maskKeys != 1 && index % 3 != 1)];
        long[] lengths = [Keys, 2];

        object[] Open(long[] shape, string length) => [.. shape.Select((size, axis) => axis == (Has("flat") ? 1 : 2) ? (object)length : size)];
        OnnxModelBuilder builder = new OnnxModelBuilder(version).Input("q", DataType.Double, Open(Shape(heads, Queries, Size), "s"))
            .Input("k", DataType.Double, Open(Shape(KeyHeads, Keys, Size), "t")).Input("v", DataType.Double, Open(Shape(KeyHeads, Keys, ValueSize), "t"));
        List<(string, Tensor)> inputs = [("q", Tensor.Create(q, Shape(heads, Queries, Size))), ("k", Tensor.Create(k, Shape(KeyHeads, Keys, Size))), ("v", Tensor.Create(v, Shape(KeyHeads, Keys, ValueSize)))];
        string[] operands = ["q", "k", "v", "", "", "", ""];
        void Operand(int index, string name, DataType type, Tensor value, params object[] shape)
        {
            operands[index] = name;
            builder.Input(name, type, shape);
            inputs.Add((name, value));
        }

        if (Has("boolean"))
        {
            Operand(3, "mask", DataType.Bool, Tensor.Create(seen, Queries, maskKeys), "s", "m");
        }
        else if (Has("float"))
        {
            Operand(3, "mask", DataType.Double, Tensor.Create(added, Batch, 1, Queries, maskKeys), Batch, 1, "s", maskKeys == total ? "m" : maskKeys);
        }

        if (past > 0)
        {
            Operand(4, "pk", DataType.Double, Tensor.Create(pastKeys, Batch, KeyHeads, Past, Size), Batch, KeyHeads, "p", Size);
            Operand(5, "pv", DataType.Double, Tensor.Create(pastValues, Batch, KeyHeads, Past, ValueSize), Batch, KeyHeads, "p", ValueSize);
        }

        if (Has("lengths"))
        {
            Operand(6, "lengths", DataType.Int64, Tensor.Create(lengths, Batch), Batch);
        }

        List<(string, object)> attributes = [("is_causal", Has("causal") ? 1 : 0), ("softcap", (float)cap), ("qk_matmul_output_mode", mode)];
        attributes.AddRange(Has("flat") ? [("q_num_heads", heads), ("kv_num_heads", KeyHeads)] : []);
        attributes.AddRange(Has("scale") ? [("scale", 0.375f)] : []);
        attributes.AddRange(version >= 25 ? [("left_window_size", left), ("right_window_size", right)] : []);
        string[] outputs = past > 0 ? ["y", "presentKeys", "presentValues", "scores"] : ["y", "", "", "scores"];
        builder.Node("Attention", version < 24 ? operands[..6] : operands, outputs, [.. attributes]).Output("y", DataType.Double, Open(Shape(heads, Queries, ValueSize), "s"))
            .Output("scores", DataType.Double, Batch, heads, "s", "all");
        if (past > 0)
        {
            builder.Output("presentKeys", DataType.Double, Batch, KeyHeads, "all", Size).Output("presentValues", DataType.Double, Batch, KeyHeads, "all", ValueSize);
        }

        using CompiledModel model = _models.Load("DoubleAttention", builder, Has("state") ? [] : [(GraphOptions.State, "none")]);
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> results = session.Run(inputs.ToDictionary(static input => input.Item1, static input => input.Item2));

        double Element(double[] values, int headCount, int length, int size, int row, int head, int place, int index) =>
            values[Has("flat") ? (((((row * length) + place) * headCount) + head) * size) + index : (((((row * headCount) + head) * length) + place) * size) + index];
        double Cached(double[] before, double[] current, int size, int row, int head, int place, int index) => place < past
            ? before[(((((row * KeyHeads) + head) * Past) + place) * size) + index]
            : Element(current, KeyHeads, Keys, size, row, head, place - past, index);
        List<double> scores = [];
        double[] y = results["y"].AsSpan<double>().ToArray();
        for (int row = 0; row < Batch; row++)
        {
            for (int head = 0; head < heads; head++)
            {
                int keyHead = head / (heads / KeyHeads);
                for (int query = 0; query < Queries; query++)
                {
                    long place = query + (Has("lengths") ? lengths[row] - Queries : past);
                    double[][] stages = [.. Enumerable.Range(0, total).Select(key =>
                    {
                        double product = scale * Enumerable.Range(0, Size).Sum(index => Element(q, heads, Queries, Size, row, head, query, index) * Cached(pastKeys, k, Size, row, keyHead, key, index));
                        double capped = cap > 0 ? cap * Math.Tanh(product / cap) : product;
                        bool isSeen = (!Has("causal") || key <= place) && (left < 0 || key >= place - left) && (right < 0 || key <= place + right) && (!Has("lengths") || key < lengths[row])
                            && (!Has("short") || key < maskKeys) && (!Has("boolean") || seen[(query * maskKeys) + key]);
                        double masked = !isSeen ? double.NegativeInfinity : Has("float") ? capped + added[(((row * Queries) + query) * maskKeys) + key] : capped;
                        return new[] { product, capped, masked };
                    })];
                    double largest = stages.Max(static stage => stage[2]);
                    double[] weights = [.. stages.Select(stage => double.IsNegativeInfinity(largest) ? 0 : Math.Exp(stage[2] - largest))];
                    double sum = weights.Sum();
                    weights = [.. weights.Select(weight => sum == 0 ? 0 : weight / sum)];
                    scores.AddRange(mode == 3 ? weights : stages.Select(stage => stage[mode]));
                    for (int index = 0; index < ValueSize; index++)
                    {
                        double expected = Enumerable.Range(0, total).Sum(key => weights[key] * Cached(pastValues, v, ValueSize, row, keyHead, key, index));
                        Assert.Equal(expected, Element(y, heads, Queries, ValueSize, row, head, query, index), 1e-13);
                    }
                }
            }
        }

        double[] actual = results["scores"].AsSpan<double>().ToArray();
        Assert.Equal(scores.Select(double.IsNegativeInfinity), actual.Select(double.IsNegativeInfinity));
        Doubles.AreEqual([.. scores.Where(double.IsFinite)], [.. actual.Where(double.IsFinite)]);
        if (past > 0)
        {
            double[] presentKeys = results["presentKeys"].AsSpan<double>().ToArray();
            for (int index = 0; index < presentKeys.Length; index++)
            {
                int row = index / (KeyHeads * total * Size), head = index / (total * Size) % KeyHeads, place = index / Size % total;
                Assert.Equal(Cached(pastKeys, k, Size, row, head, place, index % Size), presentKeys[index]);
            }
        }
    }

    [Fact]
    public void TheSoftmaxOfFloatsMayBeOfDoubles()
    {
        const int Float64 = 11;
        OnnxModelBuilder builder = new OnnxModelBuilder(23).Input("q", 1, 1, 3, 4).Input("k", 1, 1, 5, 4).Input("v", 1, 1, 5, 4)
            .Node("Attention", ["q", "k", "v"], ["y"], ("softmax_precision", Float64)).Output("y", 1, 1, 3, 4);
        using CompiledModel model = _models.Load("DoubleSoftmax", builder);
        using CompiledSession session = model.CreateSession();
        float[] q = OnnxModelBuilder.WeightValues("q", 3, 4), k = OnnxModelBuilder.WeightValues("k", 5, 4), v = OnnxModelBuilder.WeightValues("v", 5, 4);
        float[] y = SmallModels.Run(session, "y", ("q", Tensor.Create(q, 1, 1, 3, 4)), ("k", Tensor.Create(k, 1, 1, 5, 4)), ("v", Tensor.Create(v, 1, 1, 5, 4)));
        for (int index = 0; index < y.Length; index++)
        {
            double[] powers = [.. Enumerable.Range(0, 5).Select(key => Math.Exp(Enumerable.Range(0, 4).Sum(depth => (double)q[(index / 4 * 4) + depth] * k[(key * 4) + depth]) / 2))];
            double expected = Enumerable.Range(0, 5).Sum(key => powers[key] * v[(key * 4) + (index % 4)]) / powers.Sum();

            // Rounded once.
            Assert.Equal((float)expected, y[index]);
        }
    }

    [Fact]
    public void SpelledOutAttentionIsNotRoundedToFloats()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(18).Input("q", DataType.Double, 1, 2, 3, 4).Input("k", DataType.Double, 1, 2, 4, 5).Input("v", DataType.Double, 1, 2, 5, 4)
            .Node("MatMul", ["q", "k"], ["scores"]).Node("Softmax", ["scores"], ["weights"], ("axis", -1)).Node("MatMul", ["weights", "v"], ["y"]).Output("y", DataType.Double, 1, 2, 3, 4);
        using CompiledModel model = _models.Load("SpelledDouble", builder);
        using CompiledSession session = model.CreateSession();
        double[] q = Doubles.Numbers("q", 2, 3, 4), k = Doubles.Numbers("k", 2, 4, 5), v = Doubles.Numbers("v", 2, 5, 4);
        double[] y = Doubles.Run(session, "y", ("q", Tensor.Create(q, 1, 2, 3, 4)), ("k", Tensor.Create(k, 1, 2, 4, 5)), ("v", Tensor.Create(v, 1, 2, 5, 4)));
        for (int index = 0; index < y.Length; index++)
        {
            int head = index / 12, row = index / 4;
            double[] powers = [.. Enumerable.Range(0, 5).Select(key => Math.Exp(Enumerable.Range(0, 4).Sum(depth => q[(row * 4) + depth] * k[(((head * 4) + depth) * 5) + key])))];
            double expected = Enumerable.Range(0, 5).Sum(key => powers[key] * v[(((head * 5) + key) * 4) + (index % 4)]) / powers.Sum();
            Assert.Equal(expected, y[index], 1e-13);
        }
    }
}
