using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Training;

/// <summary>Gradients against central differences of the very model, in float64.</summary>
public sealed class GradientTests : IDisposable
{
    private const string Gradient = "ai.onnx.preview.training.Gradient";

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    /// <summary>a: [3, 4], b: [4] and positive: the operator's result, of any shape, is y.</summary>
    [Theory]
    [InlineData("Add")]
    [InlineData("Sub")]
    [InlineData("Mul")]
    [InlineData("Div")]
    [InlineData("Pow")]
    [InlineData("Max")]
    [InlineData("Mean")]
    [InlineData("MatMul")]
    public void OperatorsOfTwoInputs(string type)
    {
        // A base may not be negative where the exponent varies.
        OnnxModelBuilder builder = Inputs("a", "b");
        string left = type == "Pow" ? "p" : "a";
        Check(type, ["a", "b"], (type == "Pow" ? builder.Node("Exp", ["a"], ["p"]) : builder).Node(type, [left, "b"], ["y"]));
    }

    [Theory]
    [InlineData("Neg")]
    [InlineData("Abs")]
    [InlineData("Reciprocal")]
    [InlineData("Exp")]
    [InlineData("Sin")]
    [InlineData("Cos")]
    [InlineData("Erf")]
    [InlineData("Tanh")]
    [InlineData("Sigmoid")]
    [InlineData("Softplus")]
    [InlineData("Relu")]
    [InlineData("LeakyRelu")]
    [InlineData("Elu")]
    [InlineData("Identity")]
    [InlineData("Softmax")]
    [InlineData("LogSoftmax")]
    [InlineData("Gelu")]
    [InlineData("ReduceL2")]
    [InlineData("ReduceLogSumExp")]
    [InlineData("ReduceMax")]
    [InlineData("ReduceMin")]
    public void OperatorsOfOneInput(string type)
    {
        // Weighted, since the sum of a softmax is 1 whatever it is of; the same for two reductions of everything.
        OnnxModelBuilder builder = Inputs("a", "b").Node(type, ["a"], ["u"], type == "ReduceL2" ? [("keepdims", 0)] : []);
        Check(type, ["a"], builder.Node("Mul", ["u", "b"], ["y"]));
    }

    [Theory]
    [InlineData("Sqrt")]
    [InlineData("Log")]
    public void OperatorsOfPositiveNumbers(string type) => Check(type, ["a"], Inputs("a", "b").Node("Exp", ["a"], ["p"]).Node(type, ["p"], ["y"]));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Reductions(bool keeps) => Check("Reductions", ["a", "b"], Inputs("a", "b").Node("Mul", ["a", "b"], ["u"])
        .Integers("first", 0).Integers("last", -1)
        .Node("ReduceSum", ["u", "first"], ["s"], ("keepdims", keeps)).Node("Mul", ["s", "s"], ["s2"]).Node("ReduceMean", ["u", "last"], ["m"], ("keepdims", keeps)).Node("Exp", ["m"], ["e"])
        .Node("ReduceSum", ["s2"], ["s3"], ("keepdims", 0)).Node("ReduceSum", ["e"], ["e3"], ("keepdims", 0)).Node("Mul", ["s3", "e3"], ["y"]));

    [Fact]
    public void Moves() => Check("Moves", ["a", "b"], Inputs("a", "b").Integers("shape", 2, 6).Integers("start", 1).Integers("end", 5).Integers("axis", 1).Integers("rows", 1, 0, 1)
        .Node("Transpose", ["a"], ["t"]).Node("Reshape", ["t", "shape"], ["r"]).Node("Slice", ["r", "start", "end", "axis"], ["s"]).Node("Mul", ["s", "b"], ["m"])
        .Node("Concat", ["m", "r"], ["c"], ("axis", 1)).Node("Gather", ["c", "rows"], ["g"]).Node("Split", ["g"], ["p", "q"], ("axis", 1), ("num_outputs", 2)).Node("Mul", ["p", "p"], ["p2"])
        .Node("Mul", ["p2", "q"], ["y"]));

    [Theory]
    [InlineData("Gelu", 20)]
    [InlineData("Swish", 24)]
    public void ActivationsWithAnAttribute(string type, int opset)
    {
        OnnxModelBuilder builder = Inputs("a", "b", opset).Node(type, ["a"], ["u"], type == "Gelu" ? ("approximate", "tanh") : ("alpha", 1.7f));
        Check(type + "Attribute", ["a"], builder.Node("Mul", ["u", "b"], ["y"]));
    }

    /// <summary>Operators without a rule of their own are written with simpler ones: a layer, a normalisation, a loss.</summary>
    [Fact]
    public void ComposedOperators() => Check("Composed", ["a", "b"], Inputs("a", "b").Constant("classes", DataType.Int64, [1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 3)
        .Node("Gemm", ["a", "a", "b"], ["g"], ("transA", 1), ("alpha", 0.5f)).Integers("start", 0).Integers("end", 3).Node("Slice", ["g", "start", "end"], ["h"])
        .Node("LayerNormalization", ["h", "b", "b"], ["n"]).Node("SoftmaxCrossEntropyLoss", ["n", "classes"], ["y"]));

    /// <summary>The second derivative: the gradient of a gradient.</summary>
    [Fact]
    public void GradientsOfGradients()
    {
        OnnxModelBuilder builder = Inputs("a", "b").Node("Sin", ["a"], ["s"]).Node("Mul", ["s", "a"], ["u"])
            .Node(Gradient, ["a"], ["y"], ("xs", new[] { "a" }), ("y", "u"));
        Check("Second", ["a"], builder);
    }

    /// <summary>The same subgraph at another place: y = a², with its own numbers and with those of b.</summary>
    [Fact]
    public void OtherValuesStandForNamedOnes()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(20).Input("a", 3).Input("b", 3).Node("Mul", ["a", "a"], ["y"])
            .Node(Gradient, ["b"], ["d"], ("xs", new[] { "a" }), ("y", "y")).Output("d", 3);
        using CompiledModel model = _models.Load("Others", builder);
        using CompiledSession session = model.CreateSession();
        Assert.Equal([8f, 10, 12], SmallModels.Run(session, "d", ("a", Tensor.Create<float>([1, 2, 3], 3)), ("b", Tensor.Create<float>([4, 5, 6], 3))));
    }

    /// <summary>A value in between, a weight, one that y does not depend on, and outputs that nobody wants.</summary>
    [Fact]
    public void ValuesInBetweenWeightsAndStrangers()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(20).Input("a", "n", 2).Input("other", "n").Constant("w", [2, 3], 2)
            .Node("Mul", ["a", "w"], ["h"]).Node("Mul", ["h", "h"], ["h2"]).Node("Mul", ["h2", "w"], ["y"])
            .Node(Gradient, ["h", "w", "other"], ["dh", "", "zero"], ("xs", new[] { "h", "w", "other" }), ("y", "y"))
            .Node(Gradient, ["w"], ["dw"], ("xs", new[] { "w" }), ("y", "y")).Output("dh", "n", 2).Output("zero", "n").Output("dw", 2);
        using CompiledModel model = _models.Load("Between", builder);
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["a"] = Tensor.Create<float>([1, 2, 3, 4], 2, 2), ["other"] = Tensor.Create<float>([7, 8], 2) });
        Assert.Equal([8f, 36, 24, 72], results["dh"].AsSpan<float>().ToArray()); // 2 h w
        Assert.Equal([0f, 0], results["zero"].AsSpan<float>().ToArray());
        Assert.Equal([3 * 4f * (1 + 9), 3 * 9f * (4 + 16)], results["dw"].AsSpan<float>().ToArray()); // 3 w² Σ a²
    }

    [Fact]
    public void WhatHasNoGradientIsRefused()
    {
        OnnxModelBuilder unknown = new OnnxModelBuilder(20).Input("a", 3, 4).Node("CumSum", ["a", "axis"], ["y"]).Integer("axis", 1).Node(Gradient, ["a"], ["d"], ("xs", new[] { "a" }), ("y", "y")).Output("d", 3, 4);
        Assert.Contains("CumSum", _models.Refusal("Sum", unknown));
        OnnxModelBuilder missing = new OnnxModelBuilder(20).Input("a", 2).Node("Neg", ["a"], ["y"]).Node(Gradient, ["a"], ["d"], ("xs", new[] { "a" }), ("y", "nowhere")).Output("d", 2);
        Assert.Contains("'nowhere'", _models.Refusal("Nowhere", missing));
        OnnxModelBuilder integers = new OnnxModelBuilder(20).Input("a", DataType.Int64, 2).Node("Neg", ["a"], ["y"]).Node(Gradient, ["a"], ["d"], ("xs", new[] { "a" }), ("y", "y")).Output("d", DataType.Int64, 2);
        Assert.Contains("int64", _models.Refusal("Integers", integers));
    }

    private static OnnxModelBuilder Inputs(string a, string b, int opset = 20) => new OnnxModelBuilder(opset).Input(a, DataType.Double, 3, 4).Input(b, DataType.Double, 4);

    private void Check(string name, string[] variables, OnnxModelBuilder builder)
    {
        builder.Node(Gradient, variables, [.. variables.Select(static variable => "d" + variable)], ("xs", variables), ("y", "y"))
            .Node("ReduceSum", ["y"], ["total"], ("keepdims", 0)).Output("total", DataType.Double);
        foreach (string variable in variables)
        {
            builder.Output("d" + variable, DataType.Double, variable == "a" ? [3, 4] : [4]);
        }

        using CompiledModel model = _models.Load($"Gradient{name}", builder);
        using CompiledSession session = model.CreateSession();
        var values = new Dictionary<string, double[]>
        {
            ["a"] = [.. OnnxModelBuilder.WeightValues("a", 12).Select(static (number, index) => number + (number < 0 ? -0.1 : 0.1))],
            ["b"] = [.. OnnxModelBuilder.WeightValues("b", 4).Select(static number => 1.5 + number)],
        };
        IReadOnlyDictionary<string, Tensor> results = Run();
        foreach (string variable in variables)
        {
            double[] actual = results["d" + variable].AsSpan<double>().ToArray();
            for (int index = 0; index < actual.Length; index++)
            {
                const double Step = 1e-5;
                double value = values[variable][index];
                values[variable][index] = value + Step;
                double above = Run()["total"].AsSpan<double>()[0];
                values[variable][index] = value - Step;
                double below = Run()["total"].AsSpan<double>()[0];
                values[variable][index] = value;

                // Errors of the differences: Step² times third derivatives, and rounding divided by Step.
                double expected = (above - below) / (2 * Step);
                Assert.True(Math.Abs(expected - actual[index]) <= 1e-7 * (1 + Math.Abs(expected)), $"{name}: d{variable}[{index}] is {actual[index]} instead of {expected}");
            }
        }

        IReadOnlyDictionary<string, Tensor> Run() => session.Run(new Dictionary<string, Tensor> { ["a"] = Tensor.Create<double>(values["a"], 3, 4), ["b"] = Tensor.Create<double>(values["b"], 4) }
            .Where(input => model.Description.Inputs.Any(known => known.Name == input.Key)).ToDictionary());
    }
}
