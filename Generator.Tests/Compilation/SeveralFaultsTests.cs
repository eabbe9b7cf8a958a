using Cameo.Generator;
using Cameo.Generator.Diagnostics;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Compilation;

/// <summary>Whoever builds a model with several faults wants to see them all at once.</summary>
public sealed class SeveralFaultsTests
{
    [Fact]
    public void EveryFaultHasItsOwnDiagnostic()
    {
        OnnxModelBuilder then = new OnnxModelBuilder().Node("Unheard", ["x"], ["inner"]).Output("inner", 2, 3);
        OnnxModelBuilder otherwise = new OnnxModelBuilder().Node("Neg", ["x"], ["other"]).Output("other", 2, 3);
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 2, 3).Input("condition", DataType.Bool)
            .Weight("w", 4, 5).Weight("narrow", 2)
            .Node("Unknown", ["x"], ["first"])
            .Node("com.example.Custom", ["x"], ["second"])
            .Node("MatMul", ["x", "w"], ["third"])
            .Node("Transpose", ["x"], ["fourth"], ("perm", new long[] { 0, 0 }))
            .Node("If", ["condition"], ["fifth"], ("then_branch", then), ("else_branch", otherwise))
            .Node("Relu", ["first"], ["follows"])
            .Output("follows", 2, 3).Output("second", 2, 3).Output("third", 2, 5).Output("fourth", 2, 3).Output("fifth", 2, 3);
        string[] errors = Errors(builder);
        Assert.Equal(5, errors.Length);
        Assert.Single(errors, static error => error.Contains("Unknown 'first_Unknown'", StringComparison.Ordinal));
        Assert.Single(errors, static error => error.Contains("com.example.Custom 'second_Custom'", StringComparison.Ordinal));
        Assert.Single(errors, static error => error.Contains("MatMul 'third_MatMul'", StringComparison.Ordinal));
        Assert.Single(errors, static error => error.Contains("Transpose 'fourth_Transpose'", StringComparison.Ordinal));
        Assert.Single(errors, static error => error.Contains("Unheard 'inner_Unheard'", StringComparison.Ordinal));
    }

    [Fact]
    public void TheSameUnknownOperatorIsToldOfAtEachNode()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 2).Input("y", 2)
            .Node("Unknown", ["x"], ["a"]).Node("Unknown", ["y"], ["b"]).Node("Add", ["a", "b"], ["c"]).Output("c", 2);
        string[] errors = Errors(builder);
        Assert.Equal(2, errors.Length);
        Assert.Contains("'a_Unknown'", errors[0], StringComparison.Ordinal);
        Assert.Contains("'b_Unknown'", errors[1], StringComparison.Ordinal);
    }

    /// <summary>The unknown operator is seen while types are inferred, the blocks that may be partial when the quantisation is written with simpler operators.</summary>
    [Fact]
    public void FaultsOfLaterStagesAreToldOfAtOnce()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(opset: 21).Input("x", 2).Input("rows", 1, "elements").Input("scales", 1, "blocks")
            .Node("Unknown", ["x"], ["a"]).Node("QuantizeLinear", ["rows", "scales"], ["b"], ("axis", 1), ("block_size", 2)).Node("Relu", ["a"], ["c"]).Node("Relu", ["rows"], ["d"])
            .Output("c", 2).Output("b", DataType.Uint8, 1, "elements").Output("d", 1, "elements");
        string[] errors = Errors(builder);
        Assert.Equal(2, errors.Length);
        Assert.Contains("Unknown 'a_Unknown'", errors[0], StringComparison.Ordinal);
        Assert.Single(errors, static error => error.Contains("QuantizeLinear 'b_QuantizeLinear'", StringComparison.Ordinal) && error.Contains("partial block", StringComparison.Ordinal));
    }

    private static string[] Errors(OnnxModelBuilder builder)
    {
        CompileResult result = ModelCompiler.Compile(builder.ToGraphText(), new CompileSettings());
        Assert.False(result.Succeeded);
        return [.. result.Diagnostics.Where(static diagnostic => diagnostic.Severity == DiagnosticLevel.Error).Select(static diagnostic => diagnostic.Message)];
    }
}
