using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.ControlFlow;

/// <summary>If nodes that are decided at build time.</summary>
public sealed class BranchSelectionTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(true, 3)]
    [InlineData(false, -1)]
    public void ConstantConditionTakesItsBranch(bool condition, float expected)
    {
        using CompiledModel model = _models.Load($"Constant{condition}", Branches(new OnnxModelBuilder().Input("x", 1).Boolean("c", condition)));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([expected], SmallModels.Run(session, "y", ("x", Tensor.Create([1f], 1))));
        Assert.Single(model.Details.Kernels);
    }

    [Theory]
    [InlineData("true", 3)]
    [InlineData("false", -1)]
    public void InputFixedByAnOptionTakesItsBranchAndLeavesTheSignature(string value, float expected)
    {
        using CompiledModel model = _models.Load($"Pinned{value}", Branches(new OnnxModelBuilder().Input("x", 1).Input("c", DataType.Bool, 1)), ("inputs", $"c={value}"));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([expected], SmallModels.Run(session, "y", ("x", Tensor.Create([1f], 1))));
        Assert.Equal("x", Assert.Single(model.Description.Inputs).Name);
    }

    [Theory]
    [InlineData("d=1", "no input 'd'")]
    [InlineData("c=maybe", "no value of 'c'")]
    [InlineData("x=1", "one element")]
    [InlineData("c", "not 'name=value'")]
    public void BadInputOptionsAreRefused(string option, string reason) =>
        Assert.Contains(reason, _models.Refusal("BadOption", Branches(new OnnxModelBuilder().Input("x", 2).Input("c", DataType.Bool, 1)), ("inputs", option)));

    [Fact]
    public void ConditionOnBoundedSizesIsDecided()
    {
        // A size of at most 4 is less than 5 whatever comes.
        OnnxModelBuilder builder = Branches(new OnnxModelBuilder().Input("x", "n").Integer("five", 5)
            .Node("Size", ["x"], ["size"])
            .Node("Less", ["size", "five"], ["c"]));
        using CompiledModel model = _models.Load("Bounded", builder, ("dimensions", "n<=4"));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([3, 6], SmallModels.Run(session, "y", ("x", Tensor.Create([1f, 2f], 2))));
        Assert.Single(model.Details.Kernels);
    }

    [Fact]
    public void SqueezeOfAnOpenSizeInsideAnIfIsTakenAndChecked()
    {
        // if x.shape[0] == 1: x.squeeze(0), as TorchScript writes it where it does not know the size.
        OnnxModelBuilder builder = new OnnxModelBuilder(opset: 13).Input("x", "n", 3).Integer("zero", 0).Integer("one", 1).Integers("axes", 0)
            .Node("Shape", ["x"], ["shape"])
            .Node("Gather", ["shape", "zero"], ["size"])
            .Node("Equal", ["size", "one"], ["c"])
            .Node("If", ["c"], ["s"],
                ("then_branch", new OnnxModelBuilder().Node("Squeeze", ["x", "axes"], ["squeezed"]).Output("squeezed", 3)),
                ("else_branch", new OnnxModelBuilder().Node("Identity", ["x"], ["same"]).Output("same", "n", 3)))
            .Node("Relu", ["s"], ["y"])
            .Output("y", 3);
        using CompiledModel model = _models.Load("Squeezed", builder);
        using CompiledSession session = model.CreateSession();
        Assert.Equal([1, 0, 3], SmallModels.Run(session, "y", ("x", Tensor.Create([1f, -2f, 3f], 1, 3))));
        DimensionOutOfBoundsException exception = Assert.Throws<DimensionOutOfBoundsException>(() => SmallModels.Run(session, "y", ("x", Tensor.Create(new float[6], 2, 3))));
        Assert.Contains("'x'", exception.Message, StringComparison.Ordinal);
        Assert.Equal([0, 2, 0], SmallModels.Run(session, "y", ("x", Tensor.Create([-1f, 2f, -3f], 1, 3))));
    }

    [Fact]
    public void DecidedIfInsideADecidedIfSeesOuterValues()
    {
        OnnxModelBuilder inner = new OnnxModelBuilder()
            .Node("If", ["c"], ["t"],
                ("then_branch", new OnnxModelBuilder().Node("Add", ["x", "h"], ["u"]).Output("u", 1)),
                ("else_branch", new OnnxModelBuilder().Node("Sub", ["x", "h"], ["u"]).Output("u", 1)))
            .Output("t", 1);
        using CompiledModel model = _models.Load("Nested", new OnnxModelBuilder().Input("x", 1).Boolean("c", true).Constant("h", [10], 1)
            .Node("If", ["c"], ["y"], ("then_branch", inner), ("else_branch", new OnnxModelBuilder().Node("Neg", ["x"], ["n"]).Output("n", 1)))
            .Output("y", 1));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([11], SmallModels.Run(session, "y", ("x", Tensor.Create([1f], 1))));
    }

    [Fact]
    public void BranchThatHandsOutAnOuterValueIsThatValue()
    {
        using CompiledModel model = _models.Load("Outer", new OnnxModelBuilder().Input("x", 1).Boolean("c", true)
            .Node("If", ["c"], ["y"], ("then_branch", new OnnxModelBuilder().Output("x", 1)), ("else_branch", new OnnxModelBuilder().Node("Neg", ["x"], ["n"]).Output("n", 1)))
            .Output("y", 1));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([5], SmallModels.Run(session, "y", ("x", Tensor.Create([5f], 1))));
    }

    [Fact]
    public void BranchesOfAnotherArityAreRefused() =>
        Assert.Contains("then_branch has 0 inputs and 1 outputs", _models.Refusal("Arity", new OnnxModelBuilder().Input("x", 1).Boolean("c", true)
            .Node("If", ["c"], ["y", "z"], ("then_branch", new OnnxModelBuilder().Output("x", 1)), ("else_branch", new OnnxModelBuilder().Output("x", 1)))
            .Output("y", 1)));

    [Fact]
    public void BranchThatReadsALaterValueWaitsForIt()
    {
        using CompiledModel model = _models.Load("Later", new OnnxModelBuilder().Input("x", 1).Boolean("c", true)
            .Node("If", ["c"], ["y"],
                ("then_branch", new OnnxModelBuilder().Node("Neg", ["later"], ["n"]).Output("n", 1)),
                ("else_branch", new OnnxModelBuilder().Node("Neg", ["x"], ["n"]).Output("n", 1)))
            .Node("Abs", ["x"], ["later"])
            .Output("y", 1));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([-3], SmallModels.Run(session, "y", ("x", Tensor.Create([-3f], 1))));
    }

    [Fact]
    public void BranchThatReadsWhatFollowsFromItIsRefused() =>
        Assert.Contains("'later' is made by no earlier node", _models.Refusal("Circle", new OnnxModelBuilder().Input("x", 1).Boolean("c", true)
            .Node("If", ["c"], ["y"],
                ("then_branch", new OnnxModelBuilder().Node("Neg", ["later"], ["n"]).Output("n", 1)),
                ("else_branch", new OnnxModelBuilder().Node("Neg", ["x"], ["n"]).Output("n", 1)))
            .Node("Abs", ["y"], ["later"])
            .Output("y", 1)));

    [Fact]
    public void BodiesNestedTooDeepAreRefused()
    {
        OnnxModelBuilder body = new OnnxModelBuilder().Node("Neg", ["x"], ["y0"]).Output("y0", 1);
        for (int depth = 1; depth < 40; depth++)
        {
            body = new OnnxModelBuilder().Node("If", ["c"], [$"y{depth}"], ("then_branch", body), ("else_branch", new OnnxModelBuilder().Output("x", 1))).Output($"y{depth}", 1);
        }

        Assert.Contains("graphs are nested in each other", _models.Refusal("Deep", new OnnxModelBuilder().Input("x", 1).Boolean("c", true)
            .Node("If", ["c"], ["y"], ("then_branch", body), ("else_branch", new OnnxModelBuilder().Output("x", 1))).Output("y", 1)));
    }

    /// <summary>y = c ? 3·x : −x.</summary>
    private static OnnxModelBuilder Branches(OnnxModelBuilder builder) => builder.Constant("three", [3])
        .Node("If", ["c"], ["y"],
            ("then_branch", new OnnxModelBuilder().Node("Mul", ["x", "three"], ["tripled"]).Output("tripled", 1)),
            ("else_branch", new OnnxModelBuilder().Node("Neg", ["x"], ["negative"]).Output("negative", 1)))
        .Output("y", "m");
}
