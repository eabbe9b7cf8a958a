using Cameo.Generator.Passes.Recognition;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Generative;

/// <summary>FlexAttention with modified probabilities: code in the attention's kernel, against a reference in double precision.</summary>
public sealed class FlexProbabilityTests : IDisposable
{
    private const int Heads = 4, Size = 8, ValueSize = 6;

    private static readonly float[] Factors = [0.5f, 2, -1, 0.25f];

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("none", "scale", 4)]
    [InlineData("none", "threshold", 2)]
    [InlineData("none", "heads", 2)]
    [InlineData("none", "gate", 1)]
    [InlineData("none", "distance", 2)]
    [InlineData("none", "causal", 4)]
    [InlineData("none", "bias", 2)]
    [InlineData("none", "square", 4)]
    [InlineData("causal", "scale", 2)]
    [InlineData("causal", "heads", 4)]
    [InlineData("causal", "gate", 2)]
    [InlineData("causal", "bias", 4)]
    [InlineData("causal", "distance", 1)]
    [InlineData("wave", "scale", 2)]
    [InlineData("wave", "gate", 4)]
    [InlineData("wave", "bias", 2)]
    [InlineData("late", "guard", 2)]
    [InlineData("late", "threshold", 4)]
    public void AreModifiedInTheKernel(string scores, string probabilities, int keyHeads)
    {
        ModelCompilation compilation = _models.Compile($"Flex{scores}{probabilities}{keyHeads}", Build(scores, probabilities, keyHeads, DataType.Float));
        Assert.Contains(compilation.Result!.Recognitions, static recognition => recognition.Pattern == PatternNames.Attention);

        IsOneAttention(compilation);
        GeneratedAssembly.Build([compilation]);
        using CompiledModel model = compilation.CreateModel();
        foreach ((int batch, int queries, int keys) in ((int, int, int)[])[(2, 5, 7), (1, 1, 7), (2, 1, 700), (1, 40, 300), (1, 100, 400)])
        {
            var problem = new Problem(scores, probabilities, batch, keyHeads, queries, keys);
            (double, double)[] expected = problem.Reference();
            float[]? first = null;
            foreach (int threads in (int[])[1, 2, 3])
            {
                using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
                float[] actual = SmallModels.Run(session, "y", problem.Inputs());
                first ??= actual;
                Assert.Equal(first, actual);
            }

            Compare(expected, first!, 1e-5);
        }
    }

    [Theory]
    [InlineData("scale", false)]
    [InlineData("threshold", false)]
    [InlineData("heads", false)]
    [InlineData("distance", false)]
    [InlineData("causal", false)]
    [InlineData("square", false)]
    [InlineData("guard", false)]
    [InlineData("bias", true)]
    [InlineData("gate", true)]
    public void KeysThatAreNotSeenAreSkippedWhereTheyWeighNothing(string probabilities, bool weighsUnseen)
    {
        string code = string.Concat(_models.Compile($"FlexUnseen{probabilities}", Build("causal", probabilities, 2, DataType.Float)).Result!.Sources.Select(static source => source.Text));
        Assert.Contains("IsCausal = true", code, StringComparison.Ordinal);
        Assert.Equal(weighsUnseen, code.Contains("WeighsUnseen = true", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("none", "threshold")]
    [InlineData("causal", "heads")]
    [InlineData("wave", "bias")]
    public void OperandsOf16BitsAreWidened(string scores, string probabilities)
    {
        ModelCompilation compilation = _models.Compile($"FlexHalf{scores}{probabilities}", Build(scores, probabilities, 2, DataType.Float16));
        IsOneAttention(compilation);
        GeneratedAssembly.Build([compilation]);
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        var problem = new Problem(scores, probabilities, 2, 2, 20, 30);
        Dictionary<string, Tensor> inputs = problem.Inputs().ToDictionary(static input => input.Name, static input => input.Value);
        foreach (string operand in (string[])["q", "k", "v"])
        {
            inputs[operand] = Tensor.Create<Half>([.. inputs[operand].AsSpan<float>().ToArray().Select(static value => (Half)value)], inputs[operand].Shape.ToArray());
        }

        // Operands and result are rounded to 11 bits.
        Compare(problem.Reference(), [.. session.Run(inputs)["y"].AsSpan<Half>().ToArray().Select(static value => (float)value)], 2e-3);
    }

    [Theory]
    [InlineData(11, 11)]
    [InlineData(1, 11)]
    [InlineData(1, 10)]
    public void OtherPrecisionsStayProducts(int operands, int precision)
    {
        (DataType type, DataType softmax) = ((DataType)operands, (DataType)precision);
        OnnxModelBuilder body = new OnnxModelBuilder(26).Input("p", softmax, "B", "H", "L", "S").Number("factor", softmax, 0.5, asNode: false).Node("Mul", ["p", "factor"], ["r"]).Output("r", softmax, "B", "H", "L", "S");
        OnnxModelBuilder builder = Operands(2, type).Node("ai.onnx.preview.FlexAttention", ["q", "k", "v"], ["y"], ("prob_mod", body), ("softmax_precision", precision)).Output("y", type, "batch", Heads, "queries", ValueSize);
        ModelCompilation compilation = _models.Compile($"FlexPrecision{type}{precision}", builder);
        Assert.Contains(compilation.Result!.Misses, static miss => miss.Pattern == PatternNames.Attention && miss.Reason.Contains("float", StringComparison.Ordinal));
        GeneratedAssembly.Build([compilation]);
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        var problem = new Problem("none", "half", 2, 2, 5, 7);
        Dictionary<string, Tensor> inputs = problem.Inputs().ToDictionary(static input => input.Name, static input => input.Value);
        if (type == DataType.Double)
        {
            foreach (string operand in inputs.Keys)
            {
                inputs[operand] = Tensor.Create<double>([.. inputs[operand].AsSpan<float>().ToArray().Select(static value => (double)value)], inputs[operand].Shape.ToArray());
            }
        }

        Tensor result = session.Run(inputs)["y"];
        float[] actual = type == DataType.Double ? [.. result.AsSpan<double>().ToArray().Select(static value => (float)value)] : result.AsSpan<float>().ToArray();
        Compare(problem.Reference(), actual, softmax == DataType.Float16 ? 2e-3 : 1e-5);
    }

    [Fact]
    public void WhatIsNotPointwiseStaysNodes()
    {
        // Probabilities of a row are made to have the sum of squares 1.
        OnnxModelBuilder body = new OnnxModelBuilder(26).Input("p", "B", "H", "L", "S").Integers("last", -1).Node("ReduceL2", ["p", "last"], ["norm"], ("keepdims", 1)).Node("Div", ["p", "norm"], ["r"]).Output("r", "B", "H", "L", "S");
        OnnxModelBuilder builder = Operands(2, DataType.Float).Node("ai.onnx.preview.FlexAttention", ["q", "k", "v"], ["y"], ("prob_mod", body)).Output("y", "batch", Heads, "queries", ValueSize);
        ModelCompilation compilation = _models.Compile("FlexRows", builder);
        Assert.Contains(compilation.Result!.Misses, static miss => miss.Pattern == PatternNames.Attention && miss.Reason.Contains("not pointwise", StringComparison.Ordinal));
        GeneratedAssembly.Build([compilation]);
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        var problem = new Problem("none", "norm", 2, 2, 5, 7);
        Compare(problem.Reference(), SmallModels.Run(session, "y", problem.Inputs()), 1e-5);
    }

    [Fact]
    public void OneKernelAndNoBufferOfQueriesTimesKeys()
    {
        const int Positions = 256;
        ModelCompilation compilation = _models.Compile("FlexStatic", Fixed(Positions));
        IsOneAttention(compilation);
        string code = string.Concat(compilation.Result!.Sources.Select(static source => source.Text));
        Assert.Equal(2, code.Split("Attention.Run(").Length);
        Assert.Contains("ProbabilityModifier(float* tensor0) : IScoreModifier", code, StringComparison.Ordinal);
        GeneratedAssembly.Build([compilation]);
        using CompiledModel model = compilation.CreateModel();
        Assert.InRange(model.Description.ArenaBytes, 0, (Heads * Positions * Positions * sizeof(float)) - 1);
    }

    [Fact]
    public void AHeadMaskOfTransformersIsSuchAModification()
    {
        OnnxModelBuilder builder = Operands(Heads, DataType.Float).Constant("root", [(float)(1 / Math.Sqrt(Size))]).Constant("factors", Factors, 1, Heads, 1, 1)
            .Node("Transpose", ["k"], ["t"], ("perm", new long[] { 0, 1, 3, 2 })).Node("MatMul", ["q", "t"], ["products"]).Node("Mul", ["products", "root"], ["scores"])
            .Node("Softmax", ["scores"], ["weights"], ("axis", -1)).Node("Mul", ["weights", "factors"], ["masked"]).Node("MatMul", ["masked", "v"], ["y"]).Output("y", "batch", Heads, "queries", ValueSize);
        ModelCompilation compilation = _models.Compile("HeadMask", builder);
        IsOneAttention(compilation);
        GeneratedAssembly.Build([compilation]);
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        var problem = new Problem("none", "heads", 2, Heads, 5, 7);
        Compare(problem.Reference(), SmallModels.Run(session, "y", problem.Inputs()), 1e-5);
    }

    [Theory]
    [InlineData("scale", true)]
    [InlineData("distance", false)]
    [InlineData("bias", false)]
    public void APastIsTakenOverWhereItsPlaceDoesNotMatter(string probabilities, bool isTakenOver)
    {
        const int Past = 9, New = 2;
        OnnxModelBuilder builder = new OnnxModelBuilder(26).Input("q", 1, Heads, "new", Size).Input("pastk", 1, 2, "past", Size).Input("newk", 1, 2, "new", Size).Input("pastv", 1, 2, "past", ValueSize).Input("newv", 1, 2, "new", ValueSize)
            .Constant("factors", Factors, Heads, 1, 1).Node("Concat", ["pastk", "newk"], ["k"], ("axis", 2)).Node("Concat", ["pastv", "newv"], ["v"], ("axis", 2))
            .Node("ai.onnx.preview.FlexAttention", ["q", "k", "v"], ["y"], ("prob_mod", ProbabilityModification(probabilities)))
            .Output("y", 1, Heads, "new", ValueSize).Output("k", 1, 2, "total", Size).Output("v", 1, 2, "total", ValueSize);
        ModelCompilation compilation = _models.Compile($"FlexPast{probabilities}", builder);
        Assert.Contains(compilation.Result!.Recognitions, static recognition => recognition.Pattern == PatternNames.Attention);
        GeneratedAssembly.Build([compilation]);
        using CompiledModel model = compilation.CreateModel();
        Assert.Equal(isTakenOver, compilation.Result!.Sources.Any(static source => source.Text.Contains("attention.ReadKeys(", StringComparison.Ordinal)));
        using CompiledSession session = model.CreateSession();
        var problem = new Problem("none", probabilities, 1, 2, New, Past + New);
        Dictionary<string, Tensor> whole = problem.Inputs().ToDictionary(static input => input.Name, static input => input.Value);
        Tensor Part(string name, int size, int begin, int count) => Tensor.Create(
            [.. Enumerable.Range(0, 2).SelectMany(head => whole[name].AsSpan<float>().Slice(((head * (Past + New)) + begin) * size, count * size).ToArray())], 1, 2, count, size);
        float[] actual = SmallModels.Run(
            session, "y", ("q", whole["q"]), ("pastk", Part("k", Size, 0, Past)), ("newk", Part("k", Size, Past, New)), ("pastv", Part("v", ValueSize, 0, Past)), ("newv", Part("v", ValueSize, Past, New)));
        Compare(problem.Reference(), actual, 1e-5);
    }

    /// <summary>Attention of positions to themselves, of one input.</summary>
    internal static OnnxModelBuilder Fixed(int positions) => new OnnxModelBuilder(26).Input("x", 1, Heads, positions, Size).Constant("factors", Factors, Heads, 1, 1)
        .Node("ai.onnx.preview.FlexAttention", ["x", "x", "x"], ["y"], ("prob_mod", ProbabilityModification("distance"))).Output("y", 1, Heads, positions, Size);

    /// <summary>No scores and no probabilities are made, only what indices and tensors of queries or of keys need.</summary>
    private static void IsOneAttention(ModelCompilation compilation)
    {
        Assert.Single(compilation.Result!.Kernels, static kernel => kernel.Kind == "attention");
        Assert.DoesNotContain(compilation.Result!.Kernels, static kernel => kernel.Kind is "matmul" or "row loop");
    }

    /// <summary>The tolerance is that of an element whose terms add up to 1 without their signs.</summary>
    private static void Compare((double Value, double Magnitude)[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int index = 0; index < expected.Length; index++)
        {
            (double value, double magnitude) = expected[index];
            if (double.IsNaN(value))
            {
                Assert.Equal(float.NaN, actual[index]);
            }
            else
            {
                Assert.Equal(value, actual[index], tolerance * (0.01 + magnitude));
            }
        }
    }

    private static OnnxModelBuilder Operands(int keyHeads, DataType type) =>
        new OnnxModelBuilder(26).Input("q", type, "batch", Heads, "queries", Size).Input("k", type, "batch", keyHeads, "keys", Size).Input("v", type, "batch", keyHeads, "keys", ValueSize);

    private static OnnxModelBuilder Build(string scores, string probabilities, int keyHeads, DataType type)
    {
        OnnxModelBuilder builder = Operands(keyHeads, type).Constant("factors", Factors, Heads, 1, 1);
        if (probabilities == "gate")
        {
            builder.Input("gate", "batch", 1, 1, "keys");
        }

        List<(string, object)> attributes = [("prob_mod", ProbabilityModification(probabilities))];
        if (scores != "none")
        {
            attributes.Add(("score_mod", ScoreModification(scores)));
        }

        return builder.Node("ai.onnx.preview.FlexAttention", ["q", "k", "v"], ["y"], [.. attributes]).Output("y", type, "batch", Heads, "queries", ValueSize);
    }

    /// <summary>A graph from x to y that may read the places of queries and keys.</summary>
    private static OnnxModelBuilder Body() => new OnnxModelBuilder(26).Input("x", "B", "H", "L", "S").Integer("zero", 0).Integer("one", 1).Integer("two", 2).Integer("three", 3).Integers("column", -1, 1)
        .Node("Shape", ["x"], ["shape"]).Node("Gather", ["shape", "two"], ["queries_"]).Node("Gather", ["shape", "three"], ["keys_"])
        .Node("Range", ["zero", "queries_", "one"], ["i"]).Node("Reshape", ["i", "column"], ["query"]).Node("Range", ["zero", "keys_", "one"], ["key"]).Node("Sub", ["query", "key"], ["distance"])
        .Number("none", DataType.Float, 0, asNode: false).Number("lowest", DataType.Float, double.NegativeInfinity, asNode: false);

    private static OnnxModelBuilder ScoreModification(string name)
    {
        OnnxModelBuilder body = Body();
        switch (name)
        {
            case "causal":
                body.Node("GreaterOrEqual", ["distance", "zero"], ["seen"]).Node("Where", ["seen", "x", "lowest"], ["y"]);
                break;
            case "late":
                // The first query sees nothing.
                body.Node("Greater", ["distance", "zero"], ["seen"]).Node("Where", ["seen", "x", "lowest"], ["y"]);
                break;
            default:
                body.Node("Sin", ["x"], ["y"]);
                break;
        }

        return body.Output("y", "B", "H", "L", "S");
    }

    private static OnnxModelBuilder ProbabilityModification(string name)
    {
        OnnxModelBuilder body = Body().Number("factor", DataType.Float, 0.7, asNode: false).Number("small", DataType.Float, 0.002, asNode: false);
        switch (name)
        {
            case "scale":
                body.Node("Mul", ["x", "factor"], ["y"]);
                break;
            case "threshold":
                body.Node("Less", ["x", "small"], ["drop"]).Node("Sub", ["x", "small"], ["rest"]).Node("Where", ["drop", "none", "rest"], ["y"]);
                break;
            case "heads":
                body.Node("Mul", ["x", "factors"], ["y"]);
                break;
            case "gate":
                body.Node("Mul", ["x", "gate"], ["y"]);
                break;
            case "distance":
                body.Node("Cast", ["distance"], ["number"], ("to", 1)).Node("Abs", ["number"], ["far"]).Node("Mul", ["far", "small"], ["tilt"]).Node("Mul", ["tilt", "factors"], ["slope"]).Node("Cos", ["slope"], ["wave"])
                    .Node("Mul", ["wave", "x"], ["y"]);
                break;
            case "causal":
                body.Node("GreaterOrEqual", ["distance", "zero"], ["seen"]).Node("Where", ["seen", "x", "none"], ["y"]);
                break;
            case "bias":
                body.Node("Cast", ["key"], ["number"], ("to", 1)).Node("Mul", ["number", "small"], ["bias"]).Node("Add", ["x", "bias"], ["y"]);
                break;
            case "guard":
                body.Node("IsNaN", ["x"], ["no"]).Node("Where", ["no", "small", "x"], ["y"]);
                break;
            default:
                body.Node("Mul", ["x", "x"], ["y"]);
                break;
        }

        return body.Output("y", "B", "H", "L", "S");
    }

    /// <summary>Operands of some sizes, and what comes of them.</summary>
    private sealed record Problem(string Scores, string Probabilities, int Batch, int KeyHeads, int Queries, int Keys)
    {
        private float[] Query => OnnxModelBuilder.WeightValues("q", Batch, Heads, Queries, Size);

        private float[] Key => OnnxModelBuilder.WeightValues("k", Batch, KeyHeads, Keys, Size);

        private float[] Value => OnnxModelBuilder.WeightValues("v", Batch, KeyHeads, Keys, ValueSize);

        private float[] Gate => OnnxModelBuilder.WeightValues("gate", Batch, 1, 1, Keys);

        public (string Name, Tensor Value)[] Inputs()
        {
            (string, Tensor)[] operands = [("q", Tensor.Create(Query, Batch, Heads, Queries, Size)), ("k", Tensor.Create(Key, Batch, KeyHeads, Keys, Size)), ("v", Tensor.Create(Value, Batch, KeyHeads, Keys, ValueSize))];
            return Probabilities == "gate" ? [.. operands, ("gate", Tensor.Create(Gate, Batch, 1, 1, Keys))] : operands;
        }

        /// <summary>The elements of the result, and what they would be without the signs of their terms.</summary>
        public (double Value, double Magnitude)[] Reference()
        {
            (float[] queries, float[] keys, float[] values, float[] gate) = (Query, Key, Value, Gate);
            var result = new (double Value, double Magnitude)[Batch * Heads * Queries * ValueSize];
            for (int row = 0; row < Batch * Heads * Queries; row++)
            {
                int batch = row / Queries / Heads, head = row / Queries % Heads, query = row % Queries;
                int first = ((batch * KeyHeads) + (head * KeyHeads / Heads)) * Keys;
                double[] scores = [.. Enumerable.Range(0, Keys).Select(key =>
                    ModifyScore(Enumerable.Range(0, Size).Sum(element => (double)queries[(row * Size) + element] * keys[((first + key) * Size) + element]) / Math.Sqrt(Size), query, key))];
                double largest = scores.Max();
                double[] weights = [.. scores.Select(score => Math.Exp(score - largest))];
                double sum = weights.Sum();
                double norm = Math.Sqrt(weights.Sum(weight => weight / sum * weight / sum));
                for (int key = 0; key < Keys; key++)
                {
                    double weight = Probabilities == "norm" ? weights[key] / sum / norm : ModifyProbability(weights[key] / sum, batch, head, query, key, gate);
                    for (int element = 0; element < ValueSize; element++)
                    {
                        double term = weight * values[((first + key) * ValueSize) + element];
                        result[(row * ValueSize) + element].Value += term;
                        result[(row * ValueSize) + element].Magnitude += Math.Abs(term);
                    }
                }
            }

            return result;
        }

        private double ModifyScore(double score, int query, int key) => Scores switch
        {
            "causal" => query >= key ? score : double.NegativeInfinity,
            "late" => query > key ? score : double.NegativeInfinity,
            "wave" => Math.Sin(score),
            _ => score,
        };

        private double ModifyProbability(double probability, int batch, int head, int query, int key, float[] gate) => Probabilities switch
        {
            "scale" => probability * 0.7f,
            "half" => probability * 0.5,
            "threshold" => probability < 0.002f ? 0 : probability - 0.002f,
            "heads" => probability * Factors[head],
            "gate" => probability * gate[(batch * Keys) + key],
            "distance" => probability * Math.Cos(Math.Abs(query - key) * 0.002f * Factors[head]),
            "causal" => query >= key ? probability : 0,
            "bias" => probability + (key * 0.002f),
            "guard" => double.IsNaN(probability) ? 0.002f : probability,
            _ => probability * probability,
        };
    }
}
