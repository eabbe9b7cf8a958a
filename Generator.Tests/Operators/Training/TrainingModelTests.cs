using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Training;

/// <summary>Dropout and batch normalisation in training, optimisers: what the stored cases do not have.</summary>
public sealed class TrainingModelTests : IDisposable
{
    private const string Domain = "ai.onnx.preview.training.";

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    /// <summary>Mode and ratio come with the run.</summary>
    [Theory]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(22)]
    public void ARunDecidesWhetherElementsAreDropped(int opset)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(opset).Input("x", "rows", 1000).Input("ratio").Input("training", DataType.Bool)
            .Node("Dropout", ["x", "ratio", "training"], ["y", "mask"], ("seed", 3)).Output("y", "rows", 1000).Output("mask", DataType.Bool, "rows", 1000);
        using CompiledModel model = _models.Load($"Dropout{opset}", builder);
        using CompiledSession session = model.CreateSession();
        float[] x = OnnxModelBuilder.WeightValues("x", 4, 1000);
        (float[] passed, bool[] all) = Run(session, x, 0.4f, false);
        Assert.Equal(x, passed);
        Assert.All(all, Assert.True);
        (float[] dropped, bool[] mask) = Run(session, x, 0.4f, true);
        Assert.InRange(mask.Count(static kept => kept), 2400 - 155, 2400 + 155); // 5 √(4000 · 0.24)
        Assert.Equal(x.Select((number, index) => mask[index] ? number / 0.6 : 0), dropped.Select(static number => (double)number), static (expected, actual) => Math.Abs(expected - actual) < 1e-6);
        Assert.Equal(x, Run(session, x, 0, true).Result);
    }

    [Fact]
    public void RatiosThatDropEverythingAreRefused()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(13).Input("x", 4).Number("ratio", DataType.Float, 1, false).Boolean("training", true)
            .Node("Dropout", ["x", "ratio", "training"], ["y"]).Output("y", 4);
        Assert.Contains("ratio", _models.Refusal("DropsAll", builder));
    }

    /// <summary>Statistics of the batch and running ones; old versions train where a second output is read.</summary>
    [Theory]
    [InlineData(7)]
    [InlineData(9)]
    [InlineData(14)]
    [InlineData(15)]
    public void BatchStatisticsNormaliseAndMoveTheRunningOnes(int opset)
    {
        bool isOld = opset < 14;
        string[] outputs = isOld ? ["y", "m", "v", "sm", "sv"] : ["y", "m", "v"];
        (string, object)[] attributes = isOld ? [("momentum", 0.7f)] : [("momentum", 0.7f), ("training_mode", 1)];
        OnnxModelBuilder builder = new OnnxModelBuilder(opset).Input("x", DataType.Double, "batch", 3, "size").Input("s", DataType.Double, 3).Input("b", DataType.Double, 3)
            .Input("mean", DataType.Double, 3).Input("var", DataType.Double, 3).Node("BatchNormalization", ["x", "s", "b", "mean", "var"], outputs, attributes);
        builder.Output("y", DataType.Double, "batch", 3, "size");
        foreach (string name in outputs.Skip(1))
        {
            builder.Output(name, DataType.Double, 3);
        }

        using CompiledModel model = _models.Load($"Batch{opset}", builder);
        using CompiledSession session = model.CreateSession();
        const int Batch = 4, Size = 5;
        double[] x = Doubles("x", Batch * 3 * Size), s = Doubles("s", 3), b = Doubles("b", 3), mean = Doubles("mean", 3), variance = [0.5, 1, 2];
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor>
        {
            ["x"] = Tensor.Create<double>(x, Batch, 3, Size), ["s"] = Tensor.Create<double>(s, 3), ["b"] = Tensor.Create<double>(b, 3), ["mean"] = Tensor.Create<double>(mean, 3),
            ["var"] = Tensor.Create<double>(variance, 3),
        });
        for (int channel = 0; channel < 3; channel++)
        {
            int[] places = [.. Enumerable.Range(0, Batch * 3 * Size).Where(index => index / Size % 3 == channel)];
            double average = places.Average(place => x[place]), spread = places.Average(place => (x[place] - average) * (x[place] - average));
            Assert.All(places, place => Assert.Equal(((x[place] - average) / Math.Sqrt(spread + 1e-5f) * s[channel]) + b[channel], results["y"].AsSpan<double>()[place], 1e-9));
            Assert.Equal((0.7f * mean[channel]) + (0.3 * average), results["m"].AsSpan<double>()[channel], 1e-7);
            Assert.Equal((0.7f * variance[channel]) + (0.3 * spread), results["v"].AsSpan<double>()[channel], 1e-7);
            if (isOld)
            {
                Assert.Equal(average, results["sm"].AsSpan<double>()[channel], 1e-12);
                Assert.Equal(spread, results["sv"].AsSpan<double>()[channel], 1e-12);
            }
        }
    }

    [Fact]
    public void StatisticsWithoutTrainingAreRefused()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(15).Input("x", 2, 3).Input("s", 3).Input("b", 3).Input("m", 3).Input("v", 3)
            .Node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y", "mean", "var"]).Output("y", 2, 3).Output("mean", 3).Output("var", 3);
        Assert.Contains("training mode", _models.Refusal("NoTraining", builder));
        OnnxModelBuilder narrow = new OnnxModelBuilder(15).Input("x", 2, 3).Input("s", 2).Input("b", 3).Input("m", 3).Input("v", 3)
            .Node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"]).Output("y", 2, 3);
        Assert.Contains("3 channels", _models.Refusal("FewFactors", narrow));
    }

    /// <summary>The pseudocode of the specification, in float64, for two tensors.</summary>
    [Theory]
    [InlineData("Adam", 0)]
    [InlineData("Adam", 7)]
    [InlineData("Adagrad", 5)]
    [InlineData("standard", 0)]
    [InlineData("nesterov", 4)]
    public void OptimisersFollowTheirPseudocode(string optimiser, long count)
    {
        int kinds = optimiser == "Adam" ? 4 : 3;
        string type = optimiser is "Adam" or "Adagrad" ? optimiser : "Momentum";
        (string, object)[] attributes = type switch
        {
            "Adam" => [("alpha", 0.8f), ("beta", 0.95f), ("norm_coefficient", 0.01f), ("norm_coefficient_post", 0.02f), ("epsilon", 0.001f)],
            "Adagrad" => [("decay_factor", 0.1f), ("norm_coefficient", 0.01f), ("epsilon", 0.001f)],
            _ => [("alpha", 0.8f), ("beta", 0.3f), ("norm_coefficient", 0.01f), ("mode", optimiser)],
        };
        string[] letters = ["X", "G", "V", "H"];
        string[] inputs = [.. letters.Take(kinds).SelectMany(static letter => new[] { letter + "1", letter + "2" })];
        string[] outputs = [.. letters.Where((_, kind) => kind != 1 && kind < kinds).SelectMany(static letter => new[] { "new" + letter + "1", "new" + letter + "2" })];
        OnnxModelBuilder builder = new OnnxModelBuilder(20).Input("R", DataType.Double).Input("T", DataType.Int64);
        foreach (string input in inputs)
        {
            builder.Input(input, DataType.Double, input[1] == '1' ? [3] : ["n", 2]);
        }

        builder.Node(Domain + type, ["R", "T", .. inputs], outputs, attributes);
        foreach (string output in outputs)
        {
            builder.Output(output, DataType.Double, output[^1] == '1' ? [3] : ["n", 2]);
        }

        using CompiledModel model = _models.Load($"{optimiser}{count}", builder);
        using CompiledSession session = model.CreateSession();
        var values = inputs.ToDictionary(static input => input, static input => input[0] is 'V' or 'H' ? [.. Doubles(input, input[1] == '1' ? 3 : 4).Select(Math.Abs)] : Doubles(input, input[1] == '1' ? 3 : 4));
        Dictionary<string, Tensor> tensors = values.ToDictionary(static value => value.Key, static value => value.Key[1] == '1' ? Tensor.Create<double>(value.Value, 3) : Tensor.Create<double>(value.Value, 2, 2));
        tensors["R"] = Tensor.Create<double>([0.1]);
        tensors["T"] = Tensor.Create<long>([count]);
        IReadOnlyDictionary<string, Tensor> results = session.Run(tensors);
        foreach (string suffix in (string[])["1", "2"])
        {
            for (int index = 0; index < values["X" + suffix].Length; index++)
            {
                double[] element = [.. letters.Take(kinds).Select(letter => values[letter + suffix][index])];
                double[] expected = Step(optimiser, count, element);
                double[] actual = [.. outputs.Where(output => output.EndsWith(suffix, StringComparison.Ordinal)).Select(output => results[output].AsSpan<double>()[index])];
                Assert.Equal(expected, actual, static (one, other) => Math.Abs(one - other) < 1e-12);
            }
        }
    }

    [Fact]
    public void OptimisersWithOtherInputsAreRefused()
    {
        OnnxModelBuilder five = new OnnxModelBuilder(20).Input("R").Input("T", DataType.Int64).Input("X", 2).Input("G", 2)
            .Node(Domain + "Adagrad", ["R", "T", "X", "G"], ["Y"]).Output("Y", 2);
        Assert.Contains("3 inputs a tensor", _models.Refusal("Few", five));
        OnnxModelBuilder mode = new OnnxModelBuilder(20).Input("R").Input("T", DataType.Int64).Input("X", 2).Input("G", 2).Input("V", 2)
            .Node(Domain + "Momentum", ["R", "T", "X", "G", "V"], ["Y"], ("alpha", 1f), ("beta", 1f), ("norm_coefficient", 0f), ("mode", "other")).Output("Y", 2);
        Assert.Contains("'mode'", _models.Refusal("Mode", mode));
        OnnxModelBuilder shape = new OnnxModelBuilder(20).Input("R").Input("T", DataType.Int64).Input("X", 2).Input("G", 3).Input("H", 2)
            .Node(Domain + "Adagrad", ["R", "T", "X", "G", "H"], ["Y"]).Output("Y", 2);
        Assert.Contains("input 3", _models.Refusal("Shape", shape));
    }

    private static double[] Step(string optimiser, long count, double[] element)
    {
        const double Rate = 0.1;
        double x = element[0], gradient = (0.01f * x) + element[1];
        switch (optimiser)
        {
            case "Adam":
                double alpha = 0.8f, beta = 0.95f;
                double momentum = (alpha * element[2]) + ((1 - alpha) * gradient), squares = (beta * element[3]) + ((1 - beta) * gradient * gradient);
                double adjusted = count > 0 ? Rate * Math.Sqrt(1 - Math.Pow(beta, count)) / (1 - Math.Pow(alpha, count)) : Rate;
                return [(1 - (double)0.02f) * (x - (adjusted * momentum / (Math.Sqrt(squares) + 0.001f))), momentum, squares];
            case "Adagrad":
                double sum = element[2] + (gradient * gradient);
                return [x - (Rate / (1 + (count * (double)0.1f)) * gradient / (Math.Sqrt(sum) + 0.001f)), sum];
            default:
                double moved = (0.8f * element[2]) + ((count > 0 ? 0.3f : 1) * gradient);
                return [x - (Rate * (optimiser == "nesterov" ? gradient + (0.8f * moved) : moved)), moved];
        }
    }

    private static double[] Doubles(string name, int count) => [.. OnnxModelBuilder.WeightValues(name, count).Select(static number => (double)number)];

    private static (float[] Result, bool[] Mask) Run(CompiledSession session, float[] x, float ratio, bool training)
    {
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor>
        {
            ["x"] = Tensor.Create<float>(x, 4, 1000), ["ratio"] = Tensor.Create<float>([ratio]), ["training"] = Tensor.Create<bool>([training]),
        });
        return (results["y"].AsSpan<float>().ToArray(), results["mask"].AsSpan<bool>().ToArray());
    }
}
