using Cameo.Generator;
using Cameo.Generator.Onnx;
using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.Golden;

/// <summary>
/// The kernels of tiny models as text, compared with the files beside this one. A run with the environment variable CAMEO_UPDATE_GOLDEN=1 writes the files anew, to be
/// read through before they are committed.
/// </summary>
public sealed class GoldenKernelTests
{
    private static readonly string Folder = Path.Combine(TestData.Repository, "Generator.Tests", "Golden");
    private static readonly bool IsUpdating = Environment.GetEnvironmentVariable("CAMEO_UPDATE_GOLDEN") == "1";

    [Fact]
    public void PointwiseChainIsOneLoop() => Check("PointwiseChain", new OnnxModelBuilder()
        .Input("x", 4, 32).Weight("scale", 32)
        .Node("Mul", ["x", "scale"], ["scaled"])
        .Node("Sigmoid", ["scaled"], ["gate"])
        .Node("Mul", ["scaled", "gate"], ["y"])
        .Output("y", 4, 32));

    [Fact]
    public void SoftmaxIsALoopOverRows() => Check("SoftmaxRows", new OnnxModelBuilder()
        .Input("x", 8, 64)
        .Node("Softmax", ["x"], ["y"], ("axis", -1))
        .Output("y", 8, 64));

    [Fact]
    public void MatrixProductHasItsEpilogue() => Check("MatrixProductEpilogue", new OnnxModelBuilder()
        .Input("x", 4, 16).Weight("w", 16, 40).Weight("b", 40).Input("residual", 4, 40)
        .Node("MatMul", ["x", "w"], ["product"])
        .Node("Add", ["product", "b"], ["biased"])
        .Node("Relu", ["biased"], ["active"])
        .Node("Add", ["active", "residual"], ["y"])
        .Output("y", 4, 40));

    [Fact]
    public void ConvolutionHasItsEpilogue() => Check("ConvolutionEpilogue", new OnnxModelBuilder()
        .Input("x", 1, 3, 10, 10).Weight("w", 16, 3, 3, 3).Weight("b", 16)
        .Node("Conv", ["x", "w", "b"], ["c"], ("pads", new long[] { 1, 1, 1, 1 }), ("strides", new long[] { 2, 2 }))
        .Node("Relu", ["c"], ["y"])
        .Output("y", 1, 16, 5, 5));

    [Fact]
    public void MovesAreViewsOfTheLoopsThatReadThem() => Check("MovesAsViews", new OnnxModelBuilder()
        .Input("x", 2, 6, 4).Integers("shape", 2, 3, 2, 4).Integers("starts", 1).Integers("ends", 3).Integers("axes", 1)
        .Node("Reshape", ["x", "shape"], ["split"])
        .Node("Transpose", ["split"], ["turned"], ("perm", new long[] { 0, 2, 1, 3 }))
        .Node("Slice", ["turned", "starts", "ends", "axes"], ["part"])
        .Node("Neg", ["part"], ["y"])
        .Output("y", 2, 1, 3, 4));

    [Fact]
    public void SymbolicSizesAreFields() => Check("SymbolicSizes", new OnnxModelBuilder(opset: 13)
        .Input("x", "batch", "length", 24).Weight("b", 24)
        .Node("Add", ["x", "b"], ["sum"])
        .Node("ReduceMax", ["sum"], ["largest"], ("axes", new long[] { 1 }), ("keepdims", 0))
        .Output("largest", "batch", 24));

    [Fact]
    public void RepeatedBlocksAreOneMethodEach()
    {
        OnnxModelBuilder model = new OnnxModelBuilder().Input("x", 1, 32);
        string x = "x";
        for (int layer = 0; layer < 6; layer++)
        {
            string hidden = $"layers.{layer}.hidden";
            string next = $"layers.{layer}.out";
            model.Weight($"layers.{layer}.up", 32, 64).Weight($"layers.{layer}.down", 64, 32)
                .Node("MatMul", [x, $"layers.{layer}.up"], [$"layers.{layer}.wide"])
                .Node("Relu", [$"layers.{layer}.wide"], [hidden])
                .Node("MatMul", [hidden, $"layers.{layer}.down"], [$"layers.{layer}.narrow"])
                .Node("Add", [x, $"layers.{layer}.narrow"], [next]);
            x = next;
        }

        Check("RepeatedBlocks", model.Output(x, 1, 32));
    }

    private static void Check(string name, OnnxModelBuilder model)
    {
        string text = model.ToGraphText(new Dictionary<string, string> { [GraphOptions.Class] = "Golden", [GraphOptions.Namespace] = "Tests" });
        CompileResult result = ModelCompiler.Compile(text, new CompileSettings { Validate = true });
        Assert.True(result.Succeeded, string.Join("\n", result.Diagnostics));
        string kernels = string.Join("\n", result.Sources.Where(static source => source.HintName.Contains(".Kernels", StringComparison.Ordinal)).Select(static source => source.Text));

        // What precedes the class is the same in all files.
        string actual = kernels[kernels.IndexOf("public sealed", StringComparison.Ordinal)..];
        string path = Path.Combine(Folder, name + ".txt");
        if (IsUpdating)
        {
            File.WriteAllText(path, actual);
        }

        Assert.Equal(File.ReadAllText(path), actual);
    }
}
