using Cameo.Generator;
using Cameo.Generator.Diagnostics;
using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.ControlFlow;

/// <summary>Branches whose sizes contradict each other: runs that do not take them work.</summary>
public sealed class ContradictoryBranchTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void ARunThatTakesTheOtherBranchWorks()
    {
        OnnxModelBuilder builder = Model(new OnnxModelBuilder().Node("Add", ["x", "w"], ["sum"]).Node("Neg", ["sum"], ["t"]).Output("t", 2));
        DiagnosticInfo warning = Assert.Single(ModelCompiler.Compile(builder.ToGraphText(), new CompileSettings()).Diagnostics, static diagnostic => diagnostic.Severity != DiagnosticLevel.Info);
        Assert.Equal(DiagnosticIds.ContradictoryBranch, warning.Id);
        Assert.Contains("'sum_Add'", warning.Message, StringComparison.Ordinal);
        using CompiledModel model = _models.Load("Contradictory", builder);
        using CompiledSession session = model.CreateSession();
        Assert.Equal([-0f, -2], Run(session, false));
        ContradictorySizesException exception = Assert.Throws<ContradictorySizesException>(() => Run(session, true));
        Assert.Contains("'y_If'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Add 'sum_Add'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("[2] and [3] cannot be broadcast", exception.Message, StringComparison.Ordinal);

        // What failed has changed nothing.
        Assert.Equal([-0f, -2], Run(session, false));
    }

    /// <summary>Each operator with sizes that do not fit a vector of two elements.</summary>
    [Theory]
    [InlineData("MatMul", "w")]
    [InlineData("Squeeze", "first")]
    [InlineData("Reshape", "odd")]
    [InlineData("Expand", "three")]
    [InlineData("Gather", "three")]
    [InlineData("Split", "parts")]
    [InlineData("TopK", "three")]
    public void OperatorsOfOtherSizes(string type, string second)
    {
        OnnxModelBuilder builder = Model(new OnnxModelBuilder().Integers("first", 0).Integers("odd", 3, -1).Integers("three", 3).Integers("parts", 2, 2)
            .Node(type, ["x", second], type == "TopK" || type == "Split" ? ["t", "u"] : ["t"]).Output("t", 2));
        using CompiledModel model = _models.Load("Contradictory" + type, builder);
        using CompiledSession session = model.CreateSession();
        Assert.Equal([-0f, -2], Run(session, false));
        Assert.Contains(type, Assert.Throws<ContradictorySizesException>(() => Run(session, true)).Message, StringComparison.Ordinal);
    }

    /// <summary>In a loop, whose types are inferred more than once, and with a result whose size only the sound branch tells.</summary>
    [Fact]
    public void BranchesInLoopsAndSizesOfData()
    {
        OnnxModelBuilder body = new OnnxModelBuilder().Input("i", DataType.Int64).Input("go", DataType.Bool).Input("before", 2)
            .Node("If", ["c"], ["s"],
                ("then_branch", new OnnxModelBuilder().Node("Concat", ["before", "m"], ["joined"], ("axis", 0)).Output("joined", 2)),
                ("else_branch", new OnnxModelBuilder().Node("Add", ["before", "x"], ["more"]).Output("more", 2)))
            .Node("Identity", ["go"], ["again"]).Output("again", DataType.Bool).Output("s", 2);
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 2).Input("c", DataType.Bool).Constant("m", [1, 2, 3, 4], 2, 2).Integer("times", 3)
            .Node("Loop", ["times", "", "x"], ["last"], ("body", body))
            .Node("If", ["c"], ["y"],
                ("then_branch", new OnnxModelBuilder().Node("MatMul", ["m", "wide"], ["product"]).Output("product", "a", "b")),
                ("else_branch", new OnnxModelBuilder().Node("NonZero", ["last"], ["places"]).Node("Cast", ["places"], ["numbers"], ("to", (long)DataType.Float)).Output("numbers", "a", "b")))
            .Constant("wide", [1, 2, 3], 3, 1).Output("y", "a", "b");
        using CompiledModel model = _models.Load("LoopOfBranches", builder);
        using CompiledSession session = model.CreateSession();
        Assert.Equal([1f], Run(session, false));
        Assert.Contains("Concat 'joined_Concat'", Assert.Throws<ContradictorySizesException>(() => Run(session, true)).Message, StringComparison.Ordinal);
    }

    /// <summary>Open sizes that a run shows not to fit: memory is laid out for all branches, and the one that is taken checks its own.</summary>
    [Fact]
    public void SizesThatARunTellsAreCheckedWhereTheyAreNeeded()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", "n").Input("z", "k").Input("c", DataType.Bool)
            .Node("If", ["c"], ["y"],
                ("then_branch", new OnnxModelBuilder().Node("Add", ["x", "z"], ["sum"]).Node("ReduceSum", ["sum"], ["t"]).Output("t", 1)),
                ("else_branch", new OnnxModelBuilder().Node("ReduceSum", ["x"], ["u"]).Output("u", 1)))
            .Output("y", 1);
        using CompiledModel model = _models.Load("OpenBranches", builder);
        using CompiledSession session = model.CreateSession();
        float[] RunOpen(bool condition, params float[] z) =>
            SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 2], 2)), ("z", Tensor.Create(z, z.Length)), ("c", Tensor.Create([condition])));
        Assert.Equal([3f], RunOpen(false, 1, 2, 3));
        Assert.Throws<DimensionOutOfBoundsException>(() => RunOpen(true, 1, 2, 3));
        Assert.Equal([10f], RunOpen(true, 3, 4));
        Assert.Equal([13f], RunOpen(true, 5));
    }

    [Fact]
    public void OtherFaultsStayErrorsOfTheBuild()
    {
        Assert.Contains("Unheard", _models.Refusal("Unheard", Model(new OnnxModelBuilder().Node("Unheard", ["x"], ["t"]).Output("t", 2))));
        Assert.Contains("Transpose 't_Transpose'", _models.Refusal("Permutation", Model(new OnnxModelBuilder().Node("Transpose", ["x"], ["t"], ("perm", new long[] { 4 })).Output("t", 2))));
        OnnxModelBuilder both = new OnnxModelBuilder().Input("x", 2).Input("c", DataType.Bool).Constant("w", [1, 2, 3], 3)
            .Node("If", ["c"], ["y"], ("then_branch", new OnnxModelBuilder().Node("Add", ["x", "w"], ["t"]).Output("t", 2)), ("else_branch", new OnnxModelBuilder().Node("Mul", ["x", "w"], ["u"]).Output("u", 2)))
            .Output("y", 2);
        Assert.Contains("cannot be broadcast", _models.Refusal("Both", both));
    }

    private static OnnxModelBuilder Model(OnnxModelBuilder branch) => new OnnxModelBuilder().Input("x", 2).Input("c", DataType.Bool).Constant("w", [1, 2, 3], 3)
        .Node("If", ["c"], ["y"], ("then_branch", branch), ("else_branch", new OnnxModelBuilder().Node("Neg", ["x"], ["n"]).Output("n", 2)))
        .Output("y", 2);

    private static float[] Run(CompiledSession session, bool condition) => SmallModels.Run(session, "y", ("x", Tensor.Create<float>([0, 2], 2)), ("c", Tensor.Create([condition])));
}
