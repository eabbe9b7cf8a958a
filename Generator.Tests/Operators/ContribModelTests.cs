using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators;

/// <summary>Attributes of com.microsoft's operators that optimised graphs set and exporters do not.</summary>
public sealed class ContribModelTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    /// <summary>[rows, batch…, columns] stands for [batch…, rows, columns]; the last two are swapped after that.</summary>
    [Theory]
    [InlineData(false, false, false, false, 4)]
    [InlineData(true, false, false, false, 3)]
    [InlineData(true, true, false, false, 4)]
    [InlineData(false, false, true, false, 4)]
    [InlineData(false, true, true, true, 3)]
    [InlineData(true, true, true, true, 4)]
    public void FusedMatMulMovesBatches(bool moveA, bool swapA, bool moveB, bool swapB, int rank)
    {
        const int Rows = 2, Inner = 3, Columns = 5;
        int[] batch = rank == 3 ? [4] : [4, 2];
        long[] a = Arrange(moveA, swapA ? Inner : Rows, swapA ? Rows : Inner, batch), b = Arrange(moveB, swapB ? Columns : Inner, swapB ? Inner : Columns, batch);
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("a", [.. a.Cast<object>()]).Input("b", [.. b.Cast<object>()])
            .Node("com.microsoft.FusedMatMul", ["a", "b"], ["y"], ("alpha", 0.5f), ("transBatchA", moveA), ("transA", swapA), ("transBatchB", moveB), ("transB", swapB))
            .Output("y", [.. batch.Cast<object>(), Rows, Columns]);
        using CompiledModel model = _models.Load($"Fused{moveA}{swapA}{moveB}{swapB}{rank}", builder);
        using CompiledSession session = model.CreateSession();
        float[] left = OnnxModelBuilder.WeightValues("a", a), right = OnnxModelBuilder.WeightValues("b", b);
        float[] actual = SmallModels.Run(session, "y", ("a", Tensor.Create<float>(left, a)), ("b", Tensor.Create<float>(right, b)));
        int batches = batch.Aggregate(1, static (product, size) => product * size);
        for (int index = 0; index < batches; index++)
        {
            for (int row = 0; row < Rows; row++)
            {
                for (int column = 0; column < Columns; column++)
                {
                    double sum = Enumerable.Range(0, Inner).Sum(inner =>
                        (double)left[Offset(moveA, index, swapA ? inner : row, swapA ? row : inner, swapA ? Inner : Rows, swapA ? Rows : Inner, batches)]
                        * right[Offset(moveB, index, swapB ? column : inner, swapB ? inner : column, swapB ? Columns : Inner, swapB ? Inner : Columns, batches)]);
                    Assert.Equal(0.5 * sum, actual[(((index * Rows) + row) * Columns) + column], 1e-5);
                }
            }
        }
    }

    /// <summary>The default of the attribute is -1, which tools write out; only 1 asks for a smooth softmax.</summary>
    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void SmoothSoftmaxIsAskedForByOne(int value, bool isSmooth)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("q", 1, 1, 8).Input("k", 1, 1, 8).Input("v", 1, 1, 8).Input("lengths", DataType.Int32, 1).Input("total", DataType.Int32)
            .Node("com.microsoft.GroupQueryAttention", ["q", "k", "v", "", "", "lengths", "total"], ["y"], ("num_heads", 1), ("kv_num_heads", 1), ("smooth_softmax", value))
            .Output("y", 1, 1, 8);
        using CompiledModel model = _models.Load($"Smooth{value + 1}", builder);
        using CompiledSession session = model.CreateSession();
        Tensor zeros = new(ElementType.Float32, 1, 1, 8);
        float[] v = OnnxModelBuilder.WeightValues("v", 1, 1, 8);
        float[] actual = SmallModels.Run(session, "y", ("q", zeros), ("k", zeros), ("v", Tensor.Create<float>(v, 1, 1, 8)), ("lengths", new(ElementType.Int32, 1)), ("total", Tensor.Create<int>([1])));

        // One key with the score 0: its weight is e⁰ / (e⁰ + 1) where 1 is added to the sum.
        Assert.Equal(v.Select(number => isSmooth ? number / 2 : number), actual, static (expected, other) => Math.Abs(expected - other) < 1e-6);
    }

    /// <summary>Taps further apart, and channels behind positions, on one axis or two.</summary>
    [Theory]
    [InlineData(2, 0, 3)]
    [InlineData(3, 1, 3)]
    [InlineData(1, 1, 4)]
    public void CausalConvolutionsDilate(int dilation, int isLast, int rank)
    {
        const int Batch = 2, Channels = 4, Length = 5, Taps = 3;
        int kept = dilation * (Taps - 1);
        long[] Shape(long positions) => isLast == 0 ? [Batch, Channels, positions] : rank == 3 ? [Batch, positions, Channels] : [Batch, positions, 2, 2];
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", [.. Shape(Length).Cast<object>()]).Weight("w", Channels, 1, Taps).Weight("b", Channels).Input("past", [.. Shape(kept).Cast<object>()]).Node("Neg", ["past"], ["opposite"])
            .Node("com.microsoft.CausalConvWithState", ["x", "w", "b", "opposite"], ["y", "next"], ("dilation", dilation), ("channels_last", isLast)).Output("y", [.. Shape(Length).Cast<object>()]).Output("next", [.. Shape(kept).Cast<object>()]);
        float[] x = OnnxModelBuilder.WeightValues("x", Shape(Length)), past = OnnxModelBuilder.WeightValues("past", Shape(kept)), w = OnnxModelBuilder.WeightValues("w", Channels, 1, Taps), b = OnnxModelBuilder.WeightValues("b", Channels);
        using CompiledModel model = _models.Load($"Causal{dilation}{isLast}{rank}", builder);
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, Shape(Length)), ["past"] = Tensor.Create(past, Shape(kept)) });
        int Place(int row, int channel, int position, int positions) => isLast == 0 ? (((row * Channels) + channel) * positions) + position : (((row * positions) + position) * Channels) + channel;
        for (int index = 0; index < Batch * Channels * Length; index++)
        {
            (int row, int channel, int position) = (index / (Channels * Length), index / Length % Channels, index % Length);
            double At(int at) => at < 0 ? -past[Place(row, channel, kept + at, kept)] : x[Place(row, channel, at, Length)];
            double sum = b[channel] + Enumerable.Range(0, Taps).Sum(tap => w[(channel * Taps) + tap] * At(position - ((Taps - 1 - tap) * dilation)));
            Assert.Equal(sum, results["y"].AsSpan<float>()[Place(row, channel, position, Length)], 1e-6);
            if (position < kept)
            {
                Assert.Equal(At(Length - kept + position), results["next"].AsSpan<float>()[Place(row, channel, position, kept)]);
            }
        }
    }

    /// <summary>Each head of queries and keys is normalised before they meet; a single query, two keys.</summary>
    [Fact]
    public void GroupedQueriesMayBeNormalized()
    {
        const int Size = 8;
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("q", 1, 2, 2 * Size).Input("k", 1, 2, Size).Input("v", 1, 2, Size).Input("lengths", DataType.Int32, 1).Input("total", DataType.Int32).Weight("qn", Size).Weight("kn", Size)
            .Node("com.microsoft.GroupQueryAttention", ["q", "k", "v", "", "", "lengths", "total", "", "", "", "", "", "", "", "qn", "kn"], ["y"], ("num_heads", 2), ("kv_num_heads", 1), ("qk_norm_epsilon", 1e-3f)).Output("y", 1, 2, 2 * Size);
        using CompiledModel model = _models.Load("QueryNorm", builder);
        using CompiledSession session = model.CreateSession();
        float[] q = OnnxModelBuilder.WeightValues("q", 1, 2, 2 * Size), k = OnnxModelBuilder.WeightValues("k", 1, 2, Size), v = OnnxModelBuilder.WeightValues("v", 1, 2, Size);
        float[] y = SmallModels.Run(
            session, "y", ("q", Tensor.Create(q, 1, 2, 2 * Size)), ("k", Tensor.Create(k, 1, 2, Size)), ("v", Tensor.Create(v, 1, 2, Size)), ("lengths", Tensor.Create([1], 1)), ("total", Tensor.Create([2])));
        double[] Normal(float[] all, int start, string gain)
        {
            double root = Math.Sqrt((all[start..(start + Size)].Sum(static value => (double)value * value) / Size) + 1e-3);
            return [.. Enumerable.Range(0, Size).Select(element => all[start + element] / root * OnnxModelBuilder.WeightValues(gain, Size)[element])];
        }

        for (int head = 0; head < 2; head++)
        {
            double[] query = Normal(q, (2 + head) * Size, "qn");
            double[] weights = [.. Enumerable.Range(0, 2).Select(key => Math.Exp(Normal(k, key * Size, "kn").Zip(query, static (left, right) => left * right).Sum() / Math.Sqrt(Size)))];
            for (int element = 0; element < Size; element++)
            {
                Assert.Equal(((weights[0] * v[element]) + (weights[1] * v[Size + element])) / weights.Sum(), y[((2 + head) * Size) + element], 1e-5);
            }
        }
    }

    /// <summary>Both queries see both keys.</summary>
    [Fact]
    public void GroupedQueriesMayLookAhead()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("q", 1, 2, 8).Input("k", 1, 2, 8).Input("v", 1, 2, 8).Input("lengths", DataType.Int32, 1).Input("total", DataType.Int32)
            .Node("com.microsoft.GroupQueryAttention", ["q", "k", "v", "", "", "lengths", "total"], ["y"], ("num_heads", 1), ("kv_num_heads", 1), ("causal", 0)).Output("y", 1, 2, 8);
        using CompiledModel model = _models.Load("Ahead", builder);
        using CompiledSession session = model.CreateSession();
        Tensor zeros = new(ElementType.Float32, 1, 2, 8);
        float[] v = OnnxModelBuilder.WeightValues("v", 1, 2, 8);
        float[] actual = SmallModels.Run(session, "y", ("q", zeros), ("k", zeros), ("v", Tensor.Create(v, 1, 2, 8)), ("lengths", Tensor.Create([1], 1)), ("total", Tensor.Create([2])));
        Assert.Equal(Enumerable.Range(0, 16).Select(index => (v[index % 8] + v[8 + (index % 8)]) / 2), actual, static (expected, other) => Math.Abs(expected - other) < 1e-6);
    }

    [Theory]
    [InlineData("GroupQueryAttention", "sliding_window_cache", 1, "sliding_window_cache")]
    [InlineData("GroupQueryAttention", "causal", 2, "'causal' is 2")]
    [InlineData("CausalConvWithState", "state_window", 2, "state_window")]
    [InlineData("CausalConvWithState", "dilation", 0, "dilation 0")]
    [InlineData("LinearAttention", "state_window", 2, "state_window")]
    public void AttributesThatAreNotComputedAreRefused(string type, string attribute, int value, string reason)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("q", 1, 2, 8).Input("w", 2, 1, 3).Input("lengths", DataType.Int32, 1).Input("total", DataType.Int32);
        string[] inputs = type switch { "GroupQueryAttention" => ["q", "q", "q", "", "", "lengths", "total"], "LinearAttention" => ["q", "q", "q"], _ => ["q", "w"] };
        (string, object)[] heads = type switch { "GroupQueryAttention" => [("num_heads", 1), ("kv_num_heads", 1)], "LinearAttention" => [("q_num_heads", 1), ("kv_num_heads", 1), ("update_rule", "linear")], _ => [] };
        builder.Node($"com.microsoft.{type}", inputs, ["y"], [.. heads, (attribute, value)]).Output("y", 1, 2, 8);
        Assert.Contains(reason, _models.Refusal($"NotComputed{type}{attribute}", builder), StringComparison.Ordinal);
    }

    private static long[] Arrange(bool moves, int rows, int columns, int[] batch) => moves
        ? [rows, .. batch.Select(static size => (long)size), columns]
        : [.. batch.Select(static size => (long)size), rows, columns];

    private static int Offset(bool moves, int batch, int row, int column, int rows, int columns, int batches) =>
        moves ? (((row * batches) + batch) * columns) + column : (((batch * rows) + row) * columns) + column;
}
