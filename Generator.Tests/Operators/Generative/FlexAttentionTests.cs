using Cameo.Generator.Passes.Recognition;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Generative;

/// <summary>FlexAttention with modifications of all kinds against a reference in double precision.</summary>
public sealed class FlexAttentionTests : IDisposable
{
    private const int Batch = 2, Heads = 4, Queries = 5, Keys = 7, Size = 8, ValueSize = 6;

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("none", 4)]
    [InlineData("none", 2)]
    [InlineData("causal", 4)]
    [InlineData("window", 2)]
    [InlineData("slopes", 4)]
    [InlineData("softcap", 4)]
    [InlineData("table", 2)]
    [InlineData("square", 4)]
    [InlineData("mixed", 2)]
    [InlineData("integers", 4)]
    [InlineData("shared", 4)]
    [InlineData("probabilities", 4)]
    public void AgreesWithTheReference(string modification, int keyHeads)
    {
        ModelCompilation compilation = _models.Compile($"Flex{modification}{keyHeads}", Build(modification, keyHeads, DataType.Float));
        Assert.Contains(compilation.Result!.Recognitions, static recognition => recognition.Pattern == PatternNames.Attention);
        if (modification is "square" or "mixed" or "integers" or "probabilities")
        {
            // Nothing but the attention has work: no scores and no tensor of queries × keys are made.
            Assert.DoesNotContain(compilation.Result!.Kernels, static kernel => kernel.Kind is "matmul" or "loop" or "row loop");
        }

        GeneratedAssembly.Build([compilation]);
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        (float[] q, float[] k, float[] v) = Operands(keyHeads);
        (string, Tensor)[] captured = modification is "slopes" or "mixed" or "shared" ? [("shift", Tensor.Create(Shift, Queries, 1))] : [];
        captured = modification == "shared" ? [.. captured, ("whole", Tensor.Create(Whole, Batch, Heads, Queries, Keys))] : captured;
        float[] actual = SmallModels.Run(
            session, "y", [.. captured, ("q", Tensor.Create(q, Batch, Heads, Queries, Size)), ("k", Tensor.Create(k, Batch, keyHeads, Keys, Size)), ("v", Tensor.Create(v, Batch, keyHeads, Keys, ValueSize))]);
        double[] expected = Reference(modification, keyHeads, q, k, v);
        Assert.Equal(expected.Length, actual.Length);
        for (int index = 0; index < expected.Length; index++)
        {
            Assert.Equal(expected[index], actual[index], 2e-6 + (1e-5 * Math.Abs(expected[index])));
        }
    }

    [Theory]
    [InlineData("square")]
    [InlineData("causal")]
    public void DoubleKeepsItsPrecision(string modification)
    {
        using CompiledModel model = _models.Load($"FlexDouble{modification}", Build(modification, 2, DataType.Double));
        using CompiledSession session = model.CreateSession();
        (float[] q, float[] k, float[] v) = Operands(2);
        static Tensor Wide(float[] values, params long[] shape) => Tensor.Create<double>([.. values.Select(static value => (double)value)], shape);
        var inputs = new Dictionary<string, Tensor> { ["q"] = Wide(q, Batch, Heads, Queries, Size), ["k"] = Wide(k, Batch, 2, Keys, Size), ["v"] = Wide(v, Batch, 2, Keys, ValueSize) };
        double[] actual = session.Run(inputs)["y"].AsSpan<double>().ToArray();
        double[] expected = Reference(modification, 2, q, k, v);
        for (int index = 0; index < expected.Length; index++)
        {
            // The default scale is a float32 number, as the specification's function computes it.
            Assert.Equal(expected[index], actual[index], 1e-7);
        }
    }

    [Fact]
    public void RefusesWhatDoesNotFit()
    {
        OnnxModelBuilder body = new OnnxModelBuilder(26).Input("s", Batch, Heads, Queries, Keys).Node("ReduceMax", ["s"], ["t"], ("keepdims", 1)).Output("t", DataType.Float, 1, 1, 1, 1);
        Assert.Contains("shape and type must stay", Refusal("Shape", Heads, ("score_mod", body)), StringComparison.Ordinal);
        OnnxModelBuilder narrow = new OnnxModelBuilder(26).Input("s", DataType.Float16, Batch, Heads, Queries, Keys).Node("Identity", ["s"], ["t"]).Output("t", DataType.Float16, Batch, Heads, Queries, Keys);
        Assert.Contains("declares", Refusal("Type", Heads, ("score_mod", narrow)), StringComparison.Ordinal);
        Assert.Contains("cannot share", Refusal("Heads", 3), StringComparison.Ordinal);
        Assert.Contains("softmax_precision", Refusal("Precision", Heads, ("softmax_precision", 6)), StringComparison.Ordinal);
        OnnxModelBuilder two = new OnnxModelBuilder(26).Input("s", Batch, Heads, Queries, Keys).Input("r", Batch, Heads, Queries, Keys).Node("Add", ["s", "r"], ["t"]).Output("t", Batch, Heads, Queries, Keys);
        Assert.Contains("one of each", Refusal("Inputs", Heads, ("prob_mod", two)), StringComparison.Ordinal);
    }

    private string Refusal(string name, int keyHeads, params (string Name, object Value)[] attributes) => _models.Refusal(
        $"FlexRefused{name}",
        new OnnxModelBuilder(26).Input("q", Batch, Heads, Queries, Size).Input("k", Batch, keyHeads, Keys, Size).Input("v", Batch, keyHeads, Keys, ValueSize)
            .Node("ai.onnx.preview.FlexAttention", ["q", "k", "v"], ["y"], attributes).Output("y", Batch, Heads, Queries, ValueSize));

    private static (float[] Query, float[] Key, float[] Value) Operands(int keyHeads) => (
        OnnxModelBuilder.WeightValues("q", Batch, Heads, Queries, Size),
        OnnxModelBuilder.WeightValues("k", Batch, keyHeads, Keys, Size),
        OnnxModelBuilder.WeightValues("v", Batch, keyHeads, Keys, ValueSize));

    private static OnnxModelBuilder Build(string modification, int keyHeads, DataType type)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(26).Input("q", type, "batch", Heads, "queries", Size).Input("k", type, "batch", keyHeads, "keys", Size).Input("v", type, "batch", keyHeads, "keys", ValueSize);
        var attributes = new List<(string, object)>();
        if (modification != "none")
        {
            attributes.Add((modification == "probabilities" ? "prob_mod" : "score_mod", Modification(modification, type)));
        }

        if (modification == "shared")
        {
            builder.Input("whole", "batch", Heads, "queries", "keys");
        }

        if (modification is "slopes" or "mixed" or "shared")
        {
            // Captured by the modification.
            builder.Constant("slopes", Slopes, Heads, 1, 1).Input("shift", "queries", 1);
        }

        if (modification == "table")
        {
            builder.Constant("table", Table, Table.Length);
        }

        return builder.Node("ai.onnx.preview.FlexAttention", ["q", "k", "v"], ["y"], [.. attributes]).Output("y", type, "batch", Heads, "queries", ValueSize);
    }

    private static float[] Slopes => [0.5f, 0.25f, 0.125f, 0.0625f];

    private static float[] Whole => OnnxModelBuilder.WeightValues("whole", Batch, Heads, Queries, Keys);

    private static float[] Shift => OnnxModelBuilder.WeightValues("shift", Queries, 1);

    private static float[] Table => OnnxModelBuilder.WeightValues("table", Queries + Keys);

    private static OnnxModelBuilder Modification(string name, DataType type)
    {
        OnnxModelBuilder body = new OnnxModelBuilder(26).Input("s", type, "B", "H", "L", "S");
        if (name is "causal" or "window" or "slopes" or "table" or "integers" or "mixed" or "shared")
        {
            body.Integer("zero", 0).Integer("one", 1).Integer("two", 2).Integer("three", 3).Integers("column", -1, 1)
                .Node("Shape", ["s"], ["shape"]).Node("Gather", ["shape", "two"], ["queries_"]).Node("Gather", ["shape", "three"], ["keys_"])
                .Node("Range", ["zero", "queries_", "one"], ["i"]).Node("Reshape", ["i", "column"], ["query"]).Node("Range", ["zero", "keys_", "one"], ["key"])
                .Node("Sub", ["query", "key"], ["distance"]);
        }

        body.Number("cap", type, 0.7, asNode: false).Number("lowest", type, double.NegativeInfinity, asNode: false);
        switch (name)
        {
            case "causal":
                body.Node("GreaterOrEqual", ["distance", "zero"], ["seen"]).Node("Where", ["seen", "s", "lowest"], ["t"]);
                break;
            case "window":
                body.Node("GreaterOrEqual", ["distance", "zero"], ["behind"]).Node("Less", ["distance", "three"], ["near"]).Node("And", ["behind", "near"], ["seen"]).Node("Where", ["seen", "s", "lowest"], ["t"]);
                break;
            case "slopes":
                body.Node("Cast", ["distance"], ["number"], ("to", 1)).Node("Mul", ["number", "slopes"], ["bias"]).Node("Sub", ["s", "bias"], ["t"]);
                break;
            case "table":
                body.Integer("most", Keys).Node("Add", ["distance", "most"], ["place"]).Node("Gather", ["table", "place"], ["bias"]).Node("Add", ["s", "bias"], ["t"]);
                break;
            case "softcap":
                body.Node("Div", ["s", "cap"], ["small"]).Node("Tanh", ["small"], ["bent"]).Node("Mul", ["bent", "cap"], ["t"]);
                break;
            case "integers":
                // A choice by the position, by the head and by the score itself, of a tensor of the run.
                body.Node("Abs", ["distance"], ["far"]).Node("Less", ["far", "three"], ["near"]).Node("Greater", ["s", "cap"], ["large"]).Node("And", ["near", "large"], ["both"])
                    .Node("Sin", ["s"], ["wave"]).Node("Where", ["both", "wave", "s"], ["t"]);
                break;
            case "shared":
                // The slopes' bias is read beside a tensor of queries × keys, and once more on its own.
                body.Node("Cast", ["distance"], ["number"], ("to", 1)).Node("Mul", ["number", "slopes"], ["bias"]).Node("Add", ["bias", "whole"], ["both"]).Node("Sin", ["s"], ["wave"])
                    .Node("Mul", ["wave", "both"], ["bent"]).Node("Mul", ["bias", "s"], ["steep"]).Node("Add", ["bent", "steep"], ["t"]);
                break;
            case "mixed":
                body.Node("Cast", ["distance"], ["number"], ("to", 1)).Node("Mul", ["number", "slopes"], ["bias"]).Node("Mul", ["s", "bias"], ["bent"]).Node("Tanh", ["bent"], ["small"])
                    .Node("Add", ["small", "shift"], ["t"]);
                break;
            case "square":
                body.Node("Mul", ["s", "s"], ["t"]);
                break;
            default:
                body.Node("Mul", ["s", "cap"], ["t"]);
                break;
        }

        return body.Output("t", type, "B", "H", "L", "S");
    }

    private static double Modify(string modification, double score, int batch, int head, int query, int key) => modification switch
    {
        "causal" => key <= query ? score : double.NegativeInfinity,
        "window" => key <= query && query - key < 3 ? score : double.NegativeInfinity,
        "slopes" => score - ((query - key) * Slopes[head]),
        "table" => score + Table[query - key + Keys],
        "softcap" => 0.7 * Math.Tanh(score / 0.7),
        "square" => score * score,
        "integers" => Math.Abs(query - key) < 3 && score > 0.7 ? Math.Sin(score) : score,
        "shared" => (Math.Sin(score) * (((query - key) * Slopes[head]) + Whole[(((((batch * Heads) + head) * Queries) + query) * Keys) + key])) + ((query - key) * Slopes[head] * score),
        "mixed" => Math.Tanh(score * (query - key) * Slopes[head]) + Shift[query],
        _ => score,
    };

    private static double[] Reference(string modification, int keyHeads, float[] q, float[] k, float[] v)
    {
        var result = new double[Batch * Heads * Queries * ValueSize];
        for (int row = 0; row < Batch * Heads * Queries; row++)
        {
            int batch = row / Queries / Heads, head = row / Queries % Heads, query = row % Queries;
            int keys = ((batch * keyHeads) + (head * keyHeads / Heads)) * Keys;
            double[] scores = [.. Enumerable.Range(0, Keys).Select(key =>
                Modify(modification, Enumerable.Range(0, Size).Sum(element => (double)q[(row * Size) + element] * k[((keys + key) * Size) + element]) / Math.Sqrt(Size), batch, head, query, key))];
            double[] weights = [.. scores.Select(score => Math.Exp(score - scores.Max()))];
            double factor = (modification == "probabilities" ? 0.7 : 1) / weights.Sum();
            for (int element = 0; element < ValueSize; element++)
            {
                result[(row * ValueSize) + element] = Enumerable.Range(0, Keys).Sum(key => weights[key] * v[((keys + key) * ValueSize) + element]) * factor;
            }
        }

        return result;
    }
}
