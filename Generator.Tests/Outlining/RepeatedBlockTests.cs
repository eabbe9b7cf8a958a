using System.Text.RegularExpressions;
using Cameo.Generator;
using Cameo.Generator.Onnx;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Models;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Outlining;

/// <summary>Repeated blocks are written once: source does not grow with depth, and the numbers stay right.</summary>
public sealed class RepeatedBlockTests
{
    private const int Width = 24;

    [Fact]
    public void SourceOfATransformerDoesNotGrowWithDepth()
    {
        CompileResult shallow = Compile(Transformer(4));
        CompileResult deep = Compile(Transformer(40));
        Assert.Equal(0, (deep.Kernels.Count - shallow.Kernels.Count) % 36);
        AssertSameSize(shallow, deep);
        Assert.Matches(new Regex(@"for \(int layer = 0; layer < (39|40); layer\+\+\)"), Text(deep));
        Assert.DoesNotContain("Offsets", Text(deep), StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("opset23")]
    [InlineData("primitive")]
    [InlineData("qdq-int4")]
    [InlineData("genai")]
    [InlineData("genai-int4")]
    [InlineData("genai-interleaved")]
    [InlineData("opset24-scatter")]
    [InlineData("opset24-scatter-causal")]
    [InlineData("fp16")]
    public void SourceOfTheZoosModelsDoesNotGrowWithDepth(string form)
    {
        using ModelZoo zoo = new();
        AssertSameSize(Compile(zoo.RandomText(form, layers: 4)), Compile(zoo.RandomText(form, layers: 40)));
    }

    [Fact]
    public void LayersWhoseCachesAreInputsShareTheirKernels()
    {
        // Without states every layer has inputs and outputs of its own, so the signature grows with depth, but kernels do not.
        CompileResult shallow = Compile(Transformer(4), (GraphOptions.State, "none"));
        CompileResult deep = Compile(Transformer(40), (GraphOptions.State, "none"));
        Assert.Equal(Methods(shallow), Methods(deep));

        static int Methods(CompileResult result) => result.Kernels.Select(static kernel => kernel.Name).Distinct().Count();
    }

    [Fact]
    public void SourceOfConvolutionBlocksDoesNotGrowWithDepth() => AssertSameSize(Compile(Convolutions(4)), Compile(Convolutions(40)));

    [Fact]
    public void SourceOfAnUnrolledRecurrenceDoesNotGrowWithItsSteps() => AssertSameSize(Compile(Recurrence(5)), Compile(Recurrence(50)));

    [Fact]
    public void ResidualBlocksGiveTheRightNumbers()
    {
        const int depth = 12;
        OnnxModelBuilder model = Residual(depth, out float[][] weights);
        Assert.Matches(new Regex($"block < ({depth}|{depth - 1})"), Text(Compile(model)));
        double[] stream = [.. Enumerable.Range(0, Width).Select(static index => Math.Sin(index))];
        float[] input = [.. stream.Select(static value => (float)value)];
        stream = [.. input.Select(static value => (double)value)];
        foreach (float[] weight in weights)
        {
            double[] before = stream;
            double[] hidden = [.. Enumerable.Range(0, Width).Select(column => Math.Tanh(Enumerable.Range(0, Width).Sum(row => before[row] * weight[(row * Width) + column])))];
            stream = [.. hidden.Select((value, column) => before[column] + (value * value))];
        }

        Check(Run(model, ("x", input, [1, Width])), stream, 1e-5);
    }

    [Fact]
    public void UnrolledRecurrenceGivesTheRightNumbers()
    {
        const int steps = 20;
        OnnxModelBuilder model = Recurrence(steps);
        float[] x = [.. Enumerable.Range(0, steps * Width).Select(static index => (float)Math.Sin(index * 0.7))];
        float[] weight = OnnxModelBuilder.WeightValues("w", Width, Width);
        double[] state = new double[Width];
        List<double> all = [];
        for (int step = 0; step < steps; step++)
        {
            double[] sum = [.. Enumerable.Range(0, Width).Select(column => x[(step * Width) + column] + state[column])];
            state = [.. Enumerable.Range(0, Width).Select(column => Math.Tanh(Enumerable.Range(0, Width).Sum(row => sum[row] * weight[(row * Width) + column])))];
            all.AddRange(state);
        }

        Check(Run(model, ("x", x, [1, steps, Width])), all, 1e-4);
    }

    [Fact]
    public void EqualBlocksThatAlternateTakeTurns()
    {
        // Two kinds of layers in turn, as local and global attention do: the period is both.
        OnnxModelBuilder model = new OnnxModelBuilder().Input("x", 1, Width);
        string x = "x";
        for (int layer = 0; layer < 20; layer++)
        {
            model.Weight($"w{layer}", Width, Width).Node("MatMul", [x, $"w{layer}"], [$"layers.{layer}.h"]).Node(layer % 2 == 0 ? "Tanh" : "Sigmoid", [$"layers.{layer}.h"], [$"layers.{layer}.a"]);
            x = $"layers.{layer}.a";
        }

        CompileResult result = Compile(model.Node("Neg", [x], ["y"]).Output("y", 1, Width));
        Assert.True(result.Kernels.Select(static kernel => kernel.Name).Distinct().Count() <= 4, Text(result));
    }

    private static void AssertSameSize(CompileResult shallow, CompileResult deep)
    {
        int small = shallow.Sources.Sum(static source => source.Text.Length);
        int large = deep.Sources.Sum(static source => source.Text.Length);
        Assert.True(large < small * 1.1 && small < large * 1.1, $"{small} and {large} characters\n{Text(deep)}");
    }

    private static CompileResult Compile(OnnxModelBuilder model, params (string Name, string Value)[] options)
    {
        Dictionary<string, string> all = new() { [GraphOptions.Class] = "Deep", [GraphOptions.Namespace] = "Tests" };
        foreach ((string name, string value) in options)
        {
            all.Add(name, value);
        }

        return Compile(model.ToGraphText(all));
    }

    private static CompileResult Compile(string text)
    {
        CompileResult result = ModelCompiler.Compile(text, new CompileSettings { Validate = true });
        Assert.True(result.Succeeded, string.Join("\n", result.Diagnostics));
        return result;
    }

    private static string Text(CompileResult result) => string.Join("\n", result.Sources.Select(static source => source.Text));

    private static float[] Run(OnnxModelBuilder builder, params (string Name, float[] Data, long[] Shape)[] inputs)
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "model.onnx");
        File.WriteAllBytes(path, builder.ToBytes());
        var compilation = ModelCompilation.Run("repeated", path, $"Repeated{Guid.NewGuid():N}", folder.Path);
        GeneratedAssembly.Build([compilation]);
        using CompiledModel model = compilation.CreateModel(threads: 1);
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> outputs = session.Run(inputs.ToDictionary(static input => input.Name, static input => Tensor.Create<float>(input.Data, input.Shape)));
        return outputs.Values.First().AsSpan<float>().ToArray();
    }

    private static void Check(float[] actual, IReadOnlyList<double> expected, double tolerance)
    {
        Assert.Equal(expected.Count, actual.Length);
        for (int index = 0; index < actual.Length; index++)
        {
            Assert.True(Math.Abs(expected[index] - actual[index]) <= tolerance * Math.Max(1, Math.Abs(expected[index])), $"Element {index} is {actual[index]} and not {expected[index]}.");
        }
    }

    private static OnnxModelBuilder Residual(int depth, out float[][] weights)
    {
        OnnxModelBuilder model = new OnnxModelBuilder().Input("x", 1, Width);
        string x = "x";
        weights = new float[depth][];
        for (int layer = 0; layer < depth; layer++)
        {
            weights[layer] = OnnxModelBuilder.WeightValues($"blocks.{layer}.w", Width, Width);
            model.Weight($"blocks.{layer}.w", Width, Width)
                .Node("MatMul", [x, $"blocks.{layer}.w"], [$"blocks.{layer}.product"])
                .Node("Tanh", [$"blocks.{layer}.product"], [$"blocks.{layer}.hidden"])
                .Node("Mul", [$"blocks.{layer}.hidden", $"blocks.{layer}.hidden"], [$"blocks.{layer}.square"])
                .Node("Add", [x, $"blocks.{layer}.square"], [$"blocks.{layer}.x"]);
            x = $"blocks.{layer}.x";
        }

        return model.Output(x, 1, Width);
    }

    /// <summary>h = tanh((x[t] + h) · w), the steps' results side by side.</summary>
    private static OnnxModelBuilder Recurrence(int steps)
    {
        OnnxModelBuilder model = new OnnxModelBuilder().Input("x", 1, steps, Width).Weight("w", Width, Width).Constant("zero", new float[Width], 1, 1, Width).Integers("axis", 1);
        string state = "zero";
        List<string> results = [];
        for (int step = 0; step < steps; step++)
        {
            model.Integers($"from{step}", step).Integers($"to{step}", step + 1)
                .Node("Slice", ["x", $"from{step}", $"to{step}", "axis"], [$"x{step}"])
                .Node("Add", [$"x{step}", state], [$"sum{step}"])
                .Node("MatMul", [$"sum{step}", "w"], [$"product{step}"])
                .Node("Tanh", [$"product{step}"], [$"state{step}"]);
            state = $"state{step}";
            results.Add(state);
        }

        return model.Node("Concat", [.. results], ["y"], ("axis", 1)).Output("y", 1, steps, Width);
    }

    private static OnnxModelBuilder Convolutions(int depth)
    {
        OnnxModelBuilder model = new OnnxModelBuilder().Input("x", 1, 16, 12, 12);
        string x = "x";
        for (int block = 0; block < depth; block++)
        {
            model.Weight($"block{block}.a", 16, 16, 3, 3).Weight($"block{block}.b", 16, 16, 1, 1)
                .Node("Conv", [x, $"block{block}.a"], [$"block{block}.c"], ("pads", new long[] { 1, 1, 1, 1 }))
                .Node("Relu", [$"block{block}.c"], [$"block{block}.r"])
                .Node("Conv", [$"block{block}.r", $"block{block}.b"], [$"block{block}.d"])
                .Node("Add", [x, $"block{block}.d"], [$"block{block}.y"]);
            x = $"block{block}.y";
        }

        return model.Output(x, 1, 16, 12, 12);
    }

    /// <summary>A decoder in the operators of opset 23, with key/value caches.</summary>
    internal static OnnxModelBuilder Transformer(int depth)
    {
        const int heads = 2;
        const int headSize = Width / heads;
        OnnxModelBuilder model = new OnnxModelBuilder(opset: 23)
            .Input("ids", DataType.Int64, "batch", "sequence")
            .Weight("embedding", 50, Width)
            .Node("Gather", ["embedding", "ids"], ["embedded"]);
        string x = "embedded";
        for (int layer = 0; layer < depth; layer++)
        {
            string Name(string name) => $"layers.{layer}.{name}";
            model.Input($"past.{layer}.key", "batch", heads, "past", headSize).Input($"past.{layer}.value", "batch", heads, "past", headSize)
                .Weight(Name("norm1"), Width).Weight(Name("norm2"), Width)
                .Weight(Name("wq"), Width, Width).Weight(Name("wk"), Width, Width).Weight(Name("wv"), Width, Width).Weight(Name("wo"), Width, Width)
                .Weight(Name("up"), Width, 2 * Width).Weight(Name("down"), 2 * Width, Width)
                .Node("RMSNormalization", [x, Name("norm1")], [Name("n1")])
                .Node("MatMul", [Name("n1"), Name("wq")], [Name("q")])
                .Node("MatMul", [Name("n1"), Name("wk")], [Name("k")])
                .Node("MatMul", [Name("n1"), Name("wv")], [Name("v")])
                .Node("Attention", [Name("q"), Name("k"), Name("v"), "", $"past.{layer}.key", $"past.{layer}.value"], [Name("attended"), $"present.{layer}.key", $"present.{layer}.value"],
                    ("q_num_heads", heads), ("kv_num_heads", heads), ("is_causal", 1))
                .Node("MatMul", [Name("attended"), Name("wo")], [Name("projected")])
                .Node("Add", [x, Name("projected")], [Name("x1")])
                .Node("RMSNormalization", [Name("x1"), Name("norm2")], [Name("n2")])
                .Node("MatMul", [Name("n2"), Name("up")], [Name("wide")])
                .Node("Relu", [Name("wide")], [Name("active")])
                .Node("MatMul", [Name("active"), Name("down")], [Name("narrow")])
                .Node("Add", [Name("x1"), Name("narrow")], [Name("x2")])
                .Output($"present.{layer}.key", "batch", heads, "total", headSize).Output($"present.{layer}.value", "batch", heads, "total", headSize);
            x = Name("x2");
        }

        return model.Weight("head", Width, 50).Node("MatMul", [x, "head"], ["logits"]).Output("logits", "batch", "sequence", 50);
    }
}
