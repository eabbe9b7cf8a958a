using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators;

/// <summary>Windows of Attention 25, with causality, masks, caches and numbers of keys, against the standard's formula in double precision.</summary>
public sealed class AttentionWindowTests : IDisposable
{
    private const int Batch = 2, Queries = 4, Past = 3, Size = 8;

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    public static TheoryData<int, int, bool, string, string> Cases
    {
        get
        {
            var cases = new TheoryData<int, int, bool, string, string>();
            foreach ((int left, int right, bool isCausal) in new[] { (2, 1, false), (-1, 0, false), (2, 0, false), (1, -1, true), (0, 3, false), (-1, 2, false), (2, -1, false), (0, 0, false), (1, 2, true) })
            {
                foreach (string cache in new[] { "none", "past", "lengths" })
                {
                    cases.Add(left, right, isCausal, cache, left == 2 ? "boolean" : left == 0 ? "float" : "none");
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void KeysOutsideTheWindowAreNotSeen(int left, int right, bool isCausal, string cache, string maskKind)
    {
        int keys = cache == "lengths" ? 7 : 5, total = cache == "past" ? keys + Past : keys;
        OnnxModelBuilder builder = new OnnxModelBuilder(25).Input("q", Batch, 1, "s", Size).Input("k", Batch, 1, "t", Size).Input("v", Batch, 1, "t", Size);
        builder.Input("mask", maskKind == "boolean" ? DataType.Bool : DataType.Float, "s", "m").Input("pk", Batch, 1, "p", Size).Input("pv", Batch, 1, "p", Size).Input("lengths", DataType.Int64, Batch);
        string[] inputs = ["q", "k", "v", maskKind == "none" ? "" : "mask", cache == "past" ? "pk" : "", cache == "past" ? "pv" : "", cache == "lengths" ? "lengths" : ""];
        builder.Node("Attention", inputs, cache == "past" ? ["y", "", ""] : ["y"], ("left_window_size", left), ("right_window_size", right), ("is_causal", isCausal ? 1 : 0)).Output("y", Batch, 1, "s", Size);
        using CompiledModel model = _models.Load($"Window{(left < 0 ? "All" : left)}{(right < 0 ? "All" : right)}{isCausal}{cache}", builder, (Cameo.Generator.Onnx.GraphOptions.State, "none"));
        using CompiledSession session = model.CreateSession();
        float[] q = OnnxModelBuilder.WeightValues("q", Batch, 1, Queries, Size), k = OnnxModelBuilder.WeightValues("k", Batch, 1, keys, Size), v = OnnxModelBuilder.WeightValues("v", Batch, 1, keys, Size);
        float[] pastKeys = OnnxModelBuilder.WeightValues("pk", Batch, 1, Past, Size), pastValues = OnnxModelBuilder.WeightValues("pv", Batch, 1, Past, Size);
        long[] lengths = [7, 4];
        bool[] seen = [.. Enumerable.Range(0, Queries * total).Select(static index => index % 5 != 1)];
        float[] added = OnnxModelBuilder.WeightValues("mask", Queries, total);
        float[] y = SmallModels.Run(session, "y",
            ("q", Tensor.Create(q, Batch, 1, Queries, Size)), ("k", Tensor.Create(k, Batch, 1, keys, Size)), ("v", Tensor.Create(v, Batch, 1, keys, Size)),
            ("mask", maskKind == "boolean" ? Tensor.Create(seen, Queries, total) : Tensor.Create(added, Queries, total)),
            ("pk", Tensor.Create(pastKeys, Batch, 1, Past, Size)), ("pv", Tensor.Create(pastValues, Batch, 1, Past, Size)), ("lengths", Tensor.Create(lengths, Batch)));
        for (int batch = 0; batch < Batch; batch++)
        {
            float[] Row(float[] before, float[] current, int key) => cache == "past" && key < Past
                ? before[(((batch * Past) + key) * Size)..(((batch * Past) + key + 1) * Size)]
                : current[(((batch * keys) + key - (total - keys)) * Size)..(((batch * keys) + key - (total - keys) + 1) * Size)];
            for (int query = 0; query < Queries; query++)
            {
                long place = query + (cache == "past" ? Past : cache == "lengths" ? lengths[batch] - Queries : 0);
                double[] scores = [.. Enumerable.Range(0, total).Select(key =>
                {
                    bool isSeen = (left < 0 || key >= place - left) && (right < 0 || key <= place + right) && (!isCausal || key <= place) && (cache != "lengths" || key < lengths[batch])
                        && (maskKind != "boolean" || seen[(query * total) + key]);
                    double product = Enumerable.Range(0, Size).Sum(index => (double)q[(((batch * Queries) + query) * Size) + index] * Row(pastKeys, k, key)[index]) / Math.Sqrt(Size);
                    return isSeen ? product + (maskKind == "float" ? added[(query * total) + key] : 0) : double.NegativeInfinity;
                })];
                double largest = scores.Max();
                double[] weights = [.. scores.Select(score => double.IsNegativeInfinity(largest) ? 0 : Math.Exp(score - largest))];
                double sum = weights.Sum();
                for (int index = 0; index < Size; index++)
                {
                    double expected = sum == 0 ? 0 : Enumerable.Range(0, total).Sum(key => weights[key] * Row(pastValues, v, key)[index]) / sum;
                    Assert.Equal(expected, y[(((batch * Queries) + query) * Size) + index], 1e-5);
                }
            }
        }
    }

    [Fact]
    public void WindowsThatAreNoSizesAreRefused() => Assert.Contains("'left_window_size' is -2", _models.Refusal("BadWindow", new OnnxModelBuilder(25)
        .Input("q", 1, 1, 2, 4).Input("k", 1, 1, 2, 4).Input("v", 1, 1, 2, 4).Node("Attention", ["q", "k", "v"], ["y"], ("left_window_size", -2L)).Output("y", 1, 1, 2, 4)));
}
