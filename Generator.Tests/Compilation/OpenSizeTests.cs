using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Compilation;

/// <summary>Sizes that the model leaves open though operators allow a single one.</summary>
public sealed class OpenSizeTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void ComparisonsOfSizesAreTruthValues()
    {
        using CompiledModel model = _models.Load("SizeComparison", new OnnxModelBuilder().Input("x", "n", 2).Integers("limit", 3, 2)
            .Node("Shape", ["x"], ["shape"]).Node("Less", ["shape", "limit"], ["y"]).Output("y", DataType.Bool, 2));
        using CompiledSession session = model.CreateSession();
        bool[] Run(int rows) => session.Run(new Dictionary<string, Tensor> { ["x"] = new Tensor(ElementType.Float32, rows, 2) })["y"].AsSpan<bool>().ToArray();
        Assert.Equal([true, false], Run(2));
        Assert.Equal([false, false], Run(3));
    }

    /// <summary>Operands whose sizes are open broadcast where one of them is 1; others would be read beyond their end.</summary>
    [Theory]
    [InlineData("Add", "a", "b")]
    [InlineData("Where", "a", "b")]
    [InlineData("Add", "a", 3)]
    [InlineData("MatMul", "a", "b")]
    public void SizesThatDoNotBroadcastAreRefused(string type, object left, object right)
    {
        object[] Sizes(object size) => type == "MatMul" ? [size, 2, 2] : [size];
        string[] inputs = type == "Where" ? ["condition", "x", "z"] : ["x", "z"];
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", Sizes(left)).Input("z", Sizes(right)).Boolean("condition", true).Node(type, inputs, ["y"]).Output("y", Sizes("result"));
        using CompiledModel model = _models.Load($"Broadcast{type}{right}", builder);
        using CompiledSession session = model.CreateSession();
        long[] Run(long first, long second) => session.Run(new Dictionary<string, Tensor> { ["x"] = Ones(first), ["z"] = Ones(second) })["y"].Shape.ToArray();
        Tensor Ones(long size) => new(ElementType.Float32, [.. Sizes("").Select(value => value is string ? size : 2L)]);
        Assert.Equal(3, Run(1, 3)[0]);
        Assert.Equal(3, Run(3, 3)[0]);
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(2, 3));
        Assert.Equal(3, Run(1, 3)[0]);
    }

    [Fact]
    public void PartsOfAConcatenationMustFit()
    {
        using CompiledModel model = _models.Load("Concatenation", new OnnxModelBuilder().Input("x", "n", 1).Input("z", "m", 2).Node("Concat", ["x", "z"], ["y"], ("axis", 1)).Output("y", "n", 3));
        using CompiledSession session = model.CreateSession();
        float[] Run(int rows) => SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 2], 2, 1)), ("z", new Tensor(ElementType.Float32, rows, 2)));
        Assert.Equal([1, 0, 0, 2, 0, 0], Run(2));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(1));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(3));
    }

    [Fact]
    public void AReshapeKeepsTheElements()
    {
        using CompiledModel model = _models.Load("Reshape", new OnnxModelBuilder().Input("x", "n").Integers("shape", -1, 3).Node("Reshape", ["x", "shape"], ["y"]).Output("y", "m", 3));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([1, 2, 3, 4, 5, 6], SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 2, 3, 4, 5, 6], 6))));
        Assert.Throws<DimensionOutOfBoundsException>(() => SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 2, 3, 4], 4))));
    }

    [Fact]
    public void InitialStatesHaveARowForEachSequence()
    {
        using CompiledModel model = _models.Load("States", new OnnxModelBuilder().Input("x", 1, "batch", 2).Input("h", 1, "rows", 1).Weight("w", 1, 1, 2).Weight("r", 1, 1, 1)
            .Node("RNN", ["x", "w", "r", "", "", "h"], ["y"], ("hidden_size", 1)).Output("y", 1, 1, "batch", 1));
        using CompiledSession session = model.CreateSession();
        float[] Run(int rows) => SmallModels.Run(session, "y", ("x", new Tensor(ElementType.Float32, 1, 3, 2)), ("h", new Tensor(ElementType.Float32, 1, rows, 1)));
        Assert.Equal([0, 0, 0], Run(3));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(2));
    }

    [Fact]
    public void PositionsAreThoseOfTheRotatedRows()
    {
        using CompiledModel model = _models.Load("Positions", new OnnxModelBuilder(23).Input("x", "batch", 1, "tokens", 2).Input("ids", DataType.Int64, "rows", "positions").Constant("cosines", [1, 0], 2, 1).Constant("sines", [0, 1], 2, 1)
            .Node("RotaryEmbedding", ["x", "cosines", "sines", "ids"], ["y"]).Output("y", "batch", 1, "tokens", 2));
        using CompiledSession session = model.CreateSession();
        float[] Run(int rows, params long[] ids) => SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 2, 3, 4], 2, 1, 1, 2)), ("ids", Tensor.Create(ids, rows, ids.Length / rows)));
        Assert.Equal([-2, 1, 3, 4], Run(2, 1, 0));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(1, 1));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(2, 1, 0, 1, 0));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(4, 1, 0, 1, 0));
    }

    [Fact]
    public void ASkipHasTheWidthOfWhatItIsAddedTo()
    {
        using CompiledModel model = _models.Load("Skip", new OnnxModelBuilder().Import("com.microsoft", 1).Input("x", 1, 1, "width").Input("skip", 1, 1, "other").Input("gamma", "factors")
            .ContribNode("SkipSimplifiedLayerNormalization", ["x", "skip", "gamma"], ["y"], ("epsilon", 0f)).Output("y", 1, 1, "width"));
        using CompiledSession session = model.CreateSession();
        float[] Run(int width, params float[] gamma) => SmallModels.Run(
            session, "y", ("x", Tensor.Create<float>([1, 5], 1, 1, 2)), ("skip", Tensor.Create<float>([.. Enumerable.Repeat(2f, width)], 1, 1, width)), ("gamma", Tensor.Create(gamma, gamma.Length)));
        // 3 and 7: the mean of their squares is 29.
        Assert.Equal([3 / Math.Sqrt(29), 14 / Math.Sqrt(29)], Run(2, 1, 2).Select(static value => (double)value), static (left, right) => Math.Abs(left - right) < 1e-6);
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(1, 1, 2));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(2, 1));
    }

    [Fact]
    public void KnownIndicesAreThere()
    {
        using CompiledModel model = _models.Load("Index", new OnnxModelBuilder().Input("x", "n").Integer("i", 2).Node("Gather", ["x", "i"], ["y"]).Output("y"));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([3], SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 2, 3], 3))));
        Assert.Throws<DimensionOutOfBoundsException>(() => SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 2], 2))));
    }

    [Fact]
    public void TopElementsAreThere()
    {
        using CompiledModel model = _models.Load("Top", new OnnxModelBuilder().Input("x", "n").Integers("k", 2).Node("TopK", ["x", "k"], ["y", "z"]).Output("y", 2));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([3, 2], SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 3, 2], 3))));
        Assert.Throws<DimensionOutOfBoundsException>(() => SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1], 1))));
    }

    [Fact]
    public void IndicesOfElementsStayWithinTheOtherAxes()
    {
        using CompiledModel model = _models.Load("Elements", new OnnxModelBuilder().Input("x", "n", 2).Input("i", DataType.Int64, "m", 1).Node("GatherElements", ["x", "i"], ["y"], ("axis", 1)).Output("y", "m", 1));
        using CompiledSession session = model.CreateSession();
        float[] Run(int rows) => SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 2, 3, 4], 2, 2)), ("i", Tensor.Create<long>([.. Enumerable.Repeat(1L, rows)], rows, 1)));
        Assert.Equal([2], Run(1));
        Assert.Equal([2, 4], Run(2));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(3));
    }

    [Fact]
    public void ThereIsAnUpdateForEachIndex()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 4).Input("i", DataType.Int64, "n").Input("u", "m").Node("ScatterElements", ["x", "i", "u"], ["y"]).Output("y", 4);
        using CompiledModel model = _models.Load("Updates", builder);
        using CompiledSession session = model.CreateSession();
        float[] Run(int updates) => SmallModels.Run(
            session, "y", ("x", new Tensor(ElementType.Float32, 4)), ("i", Tensor.Create<long>([1, 3], 2)), ("u", Tensor.Create<float>([.. Enumerable.Repeat(7f, updates)], updates)));
        Assert.Equal([0, 7, 0, 7], Run(2));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(1));
    }

    [Fact]
    public void ChannelsFitTheWeights()
    {
        using CompiledModel model = _models.Load("Channels", new OnnxModelBuilder().Input("x", 1, "channels", 2, 2).Constant("w", [2, 3], 1, 2, 1, 1).Node("Conv", ["x", "w"], ["y"]).Output("y", 1, 1, 2, 2));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([17, 22, 27, 32], SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 2, 3, 4, 5, 6, 7, 8], 1, 2, 2, 2))));
        Assert.Throws<DimensionOutOfBoundsException>(() => SmallModels.Run(session, "y", ("x", new Tensor(ElementType.Float32, 1, 1, 2, 2))));
        Assert.Throws<DimensionOutOfBoundsException>(() => SmallModels.Run(session, "y", ("x", new Tensor(ElementType.Float32, 1, 3, 2, 2))));
    }

    [Theory]
    [InlineData("MatMul")]
    [InlineData("Gemm")]
    public void RowsAreAsLongAsTheWeightsAreDeep(string type)
    {
        using CompiledModel model = _models.Load(type + "Depth", new OnnxModelBuilder().Input("x", "rows", "depth").Constant("w", [1, 2, 3, 4, 5, 6], 3, 2).Node(type, ["x", "w"], ["y"]).Output("y", "rows", 2));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([22, 28, 49, 64], SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 2, 3, 4, 5, 6], 2, 3))));
        DimensionOutOfBoundsException exception = Assert.Throws<DimensionOutOfBoundsException>(() => SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 2, 3, 4], 2, 2))));
        Assert.Contains("the columns and the rows", exception.Message, StringComparison.Ordinal);
        Assert.Equal([22, 28], SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 2, 3], 1, 3))));
    }

    [Theory]
    [InlineData("Conv", 3)]
    [InlineData("ConvTranspose", 5)]
    public void WeightsAreAsLargeAsTheNodeSays(string type, int size)
    {
        using CompiledModel model = _models.Load($"Window{type}", new OnnxModelBuilder(11).Input("x", 1, 1, 3).Input("w", 1, 1, "n").Node(type, ["x", "w"], ["y"], ("kernel_shape", new long[] { 3 })).Output("y", 1, 1, size - 2));
        using CompiledSession session = model.CreateSession();
        float[] Run(params float[] weights) => SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 2, 3], 1, 1, 3)), ("w", Tensor.Create(weights, 1, 1, weights.Length)));
        float[] expected = type == "Conv" ? [14] : [1, 4, 10, 12, 9];
        Assert.Equal(expected, Run(1, 2, 3));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(1, 2));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(1, 2, 3, 4));
    }

    [Fact]
    public void ScalesOfANormalizationHaveAnElementForEachChannel()
    {
        using CompiledModel model = _models.Load("Scales", new OnnxModelBuilder(14).Input("x", 1, 2, 2).Input("s", "n").Input("b", "n").Node("InstanceNormalization", ["x", "s", "b"], ["y"], ("epsilon", 0f)).Output("y", 1, 2, 2));
        using CompiledSession session = model.CreateSession();
        float[] Run(params float[] scales) => SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 3, 5, 9], 1, 2, 2)), ("s", Tensor.Create(scales, scales.Length)), ("b", Tensor.Create(scales, scales.Length)));
        Assert.Equal([0, 4, 0, 2], Run(2, 1));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(2));
    }

    [Theory]
    [InlineData("Conv")]
    [InlineData("ConvTranspose")]
    public void ABiasHasAnElementForEachChannel(string type)
    {
        long[] weights = type == "Conv" ? [2, 1, 1] : [1, 2, 1];
        using CompiledModel model = _models.Load($"Bias{type}", new OnnxModelBuilder(11).Input("x", 1, 1, 1).Constant("w", [2, 3], weights).Input("b", "n").Node(type, ["x", "w", "b"], ["y"]).Output("y", 1, 2, 1));
        using CompiledSession session = model.CreateSession();
        float[] Run(params float[] bias) => SmallModels.Run(session, "y", ("x", Tensor.Create<float>([10], 1, 1, 1)), ("b", Tensor.Create(bias, bias.Length)));
        Assert.Equal([21, 32], Run(1, 2));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(1));
        Assert.Contains("bias of shape [1]", _models.Refusal($"SingleBias{type}", new OnnxModelBuilder(11).Input("x", 1, 1, 1).Constant("w", [2, 3], weights).Constant("b", [1], 1).Node(type, ["x", "w", "b"], ["y"]).Output("y", 1, 2, 1)), StringComparison.Ordinal);
    }

    [Fact]
    public void RotatedHeadsAreAsLongAsTheTables()
    {
        using CompiledModel model = _models.Load("Rotation", new OnnxModelBuilder().Input("x", 1, 1, 1, "n").Integers("p", 0).Constant("c", [0, 0], 1, 2).Constant("s", [1, 1], 1, 2)
            .ContribNode("RotaryEmbedding", ["x", "p", "c", "s"], ["y"]).Output("y", 1, 1, 1, "n"));
        using CompiledSession session = model.CreateSession();
        float[] Run(params float[] x) => SmallModels.Run(session, "y", ("x", Tensor.Create(x, 1, 1, 1, x.Length)));
        Assert.Equal([-3, -4, 1, 2], Run(1, 2, 3, 4));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(1, 2, 3, 4, 5, 6));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(1, 2));
    }

    [Fact]
    public void EachRotatedRowHasItsPositions()
    {
        using CompiledModel model = _models.Load("RotationRows", new OnnxModelBuilder().Input("x", "n", 1, 1, 4).Constant("p", DataType.Int64, BitConverter.GetBytes(0L), 1, 1).Constant("c", [0, 0], 1, 2).Constant("s", [1, 1], 1, 2)
            .ContribNode("RotaryEmbedding", ["x", "p", "c", "s"], ["y"]).Output("y", "n", 1, 1, 4));
        using CompiledSession session = model.CreateSession();
        float[] Run(int rows) => SmallModels.Run(session, "y", ("x", Tensor.Create<float>([.. Enumerable.Repeat<float[]>([1, 2, 3, 4], rows).SelectMany(static row => row)], rows, 1, 1, 4)));
        Assert.Equal([-3, -4, 1, 2], Run(1));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(2));
    }

    [Fact]
    public void OneEntryRotatesAllPositions()
    {
        // As many positions as heads: nothing tells which axis the tables go along.
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", "b", "n", "n", 2).Constant("c", [0.5f, 0.25f], 1, 2).Input("s", 1, 2)
            .Integers("zero", 0).Integers("one", 1).Integers("two", 2).Integers("last", 3)
            .Node("Slice", ["x", "one", "two", "last"], ["right"]).Node("Neg", ["right"], ["minus"]).Node("Slice", ["x", "zero", "one", "last"], ["left"])
            .Node("Concat", ["minus", "left"], ["turned"], ("axis", -1)).Node("Mul", ["x", "c"], ["straight"]).Node("Mul", ["turned", "s"], ["across"])
            .Node("Add", ["straight", "across"], ["y"]).Output("y", "b", "n", "n", 2);
        using CompiledModel model = _models.Load("RotationOfAll", builder);
        using CompiledSession session = model.CreateSession();
        foreach (int size in new[] { 1, 2, 3 })
        {
            float[] x = [.. Enumerable.Range(1, 2 * size * size * 2).Select(static value => (float)value)];
            IEnumerable<float> expected = x.Chunk(2).SelectMany(static pair => new[] { (0.5f * pair[0]) - (2 * pair[1]), (0.25f * pair[1]) + (4 * pair[0]) });
            Assert.Equal(expected, SmallModels.Run(session, "y", ("x", Tensor.Create(x, 2, size, size, 2)), ("s", Tensor.Create<float>([2, 4], 1, 2))));
        }
    }

    [Theory]
    [InlineData("BiasGelu")]
    [InlineData("FastGelu")]
    public void ABiasHasAnElementForEachPlaceOfTheLastAxis(string type)
    {
        using CompiledModel model = _models.Load($"Bias{type}", new OnnxModelBuilder().Input("x", 2, 1).Input("b", "n").ContribNode(type, ["x", "b"], ["y"]).Output("y", 2, 1));
        using CompiledSession session = model.CreateSession();
        float[] Run(params float[] bias) => SmallModels.Run(session, "y", ("x", Tensor.Create<float>([40, 50], 2, 1)), ("b", Tensor.Create(bias, bias.Length)));
        Assert.Equal([42, 52], Run(2));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(2, 3));
        Assert.Contains("bias of shape [1]", _models.Refusal($"Single{type}", new OnnxModelBuilder().Input("x", 2, 3).Constant("b", [1], 1).ContribNode(type, ["x", "b"], ["y"]).Output("y", 2, 3)), StringComparison.Ordinal);
    }

    [Fact]
    public void GroupedAttentionHasAKeyForEachQuery()
    {
        using CompiledModel model = _models.Load("Grouped", new OnnxModelBuilder().Input("q", 1, "n", 8).Input("k", 1, 2, 8).Input("v", 1, 2, 8)
            .Constant("lengths", DataType.Int32, BitConverter.GetBytes(1), 1).Constant("total", DataType.Int32, BitConverter.GetBytes(2))
            .ContribNode("GroupQueryAttention", ["q", "k", "v", "", "", "lengths", "total"], ["y", "pk", "pv"], ("num_heads", 1L), ("kv_num_heads", 1L)).Output("y", 1, "n", 8));
        using CompiledSession session = model.CreateSession();
        float[] Run(int rows) => SmallModels.Run(session, "y", ("q", new Tensor(ElementType.Float32, 1, rows, 8)), ("k", new Tensor(ElementType.Float32, 1, 2, 8)), ("v", new Tensor(ElementType.Float32, 1, 2, 8)));
        Assert.Equal(new float[16], Run(2));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(3));
        Assert.Throws<DimensionOutOfBoundsException>(() => Run(1));
    }
}
