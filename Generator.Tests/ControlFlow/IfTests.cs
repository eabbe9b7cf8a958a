using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.ControlFlow;

/// <summary>If nodes whose condition only a run knows.</summary>
public sealed class IfTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void TheBranchIsTakenThatTheConditionNames()
    {
        // Before, inside and after the If the same values are read, copied and overwritten in place where that is allowed.
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 2, 3).Input("c", DataType.Bool).Constant("two", [2])
            .Node("Abs", ["x"], ["a"])
            .Node("If", ["c"], ["p", "q"],
                ("then_branch", new OnnxModelBuilder().Node("Transpose", ["a"], ["t"]).Node("Mul", ["t", "two"], ["u"]).Node("Neg", ["x"], ["v"]).Output("u", 3, 2).Output("v", 2, 3)),
                ("else_branch", new OnnxModelBuilder().Node("Transpose", ["x"], ["t2"]).Node("Mul", ["a", "a"], ["v2"]).Output("t2", 3, 2).Output("v2", 2, 3)))
            .Node("Transpose", ["p"], ["r"])
            .Node("Add", ["r", "q"], ["s"])
            .Node("Add", ["s", "a"], ["y"])
            .Output("y", 2, 3);
        using CompiledModel model = _models.Load("RunTimeIf", builder);
        using CompiledSession session = model.CreateSession();
        float[] x = [1, -2, 3, -4, 5, -6];
        float[] then = [.. x.Select(static value => (2 * Math.Abs(value)) - value + Math.Abs(value))];
        float[] otherwise = [.. x.Select(static value => value + (value * value) + Math.Abs(value))];
        foreach (bool condition in new[] { true, false, true })
        {
            float[] y = SmallModels.Run(session, "y", ("x", Tensor.Create(x, 2, 3)), ("c", Tensor.Create([condition])));
            Assert.Equal(condition ? then : otherwise, y);
        }
    }

    [Fact]
    public void ConstantsAndInputsCanBeResultsOfBranches()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 2).Input("c", DataType.Bool).Constant("k", [7, 8], 2)
            .Node("If", ["c"], ["y"], ("then_branch", new OnnxModelBuilder().Output("k", 2)), ("else_branch", new OnnxModelBuilder().Output("x", 2)))
            .Output("y", 2);
        using CompiledModel model = _models.Load("HandedOut", builder);
        using CompiledSession session = model.CreateSession();
        Assert.Equal([7, 8], SmallModels.Run(session, "y", ("x", Tensor.Create([1f, 2f], 2)), ("c", Tensor.Create([true]))));
        Assert.Equal([1, 2], SmallModels.Run(session, "y", ("x", Tensor.Create([1f, 2f], 2)), ("c", Tensor.Create([false]))));
    }

    [Fact]
    public void NestedBranchesEachHaveTheirOwnCopies()
    {
        // The transposed value is needed densely in both branches and afterwards: a copy made in one branch must not be read in another.
        OnnxModelBuilder inner(string prefix) => new OnnxModelBuilder()
            .Node("If", ["d"], [prefix + "i"],
                ("then_branch", new OnnxModelBuilder().Node("MatMul", ["t", "w"], [prefix + "m"]).Output(prefix + "m", 3, 2)),
                ("else_branch", new OnnxModelBuilder().Node("Reshape", ["t", "shape"], [prefix + "f"]).Node("Neg", [prefix + "f"], [prefix + "n"]).Output(prefix + "n", 3, 2)))
            .Output(prefix + "i", 3, 2);
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 2, 3).Input("c", DataType.Bool).Input("d", DataType.Bool)
            .Constant("w", [1, 2, 3, 4], 2, 2).Integers("shape", 3, 2)
            .Node("Transpose", ["x"], ["t"])
            .Node("If", ["c"], ["p"], ("then_branch", inner("a")), ("else_branch", inner("b")))
            .Node("Reshape", ["t", "shape"], ["f"])
            .Node("Add", ["f", "p"], ["y"])
            .Output("y", 3, 2);
        using CompiledModel model = _models.Load("NestedIf", builder);
        using CompiledSession session = model.CreateSession();
        float[] x = [1, 2, 3, 4, 5, 6];
        float[] t = [1, 4, 2, 5, 3, 6];
        float[] product = [.. Enumerable.Range(0, 6).Select(index => (t[index / 2 * 2] * (index % 2 == 0 ? 1 : 2)) + (t[(index / 2 * 2) + 1] * (index % 2 == 0 ? 3 : 4)))];
        foreach ((bool c, bool d) in new[] { (true, true), (true, false), (false, true), (false, false) })
        {
            float[] y = SmallModels.Run(session, "y", ("x", Tensor.Create(x, 2, 3)), ("c", Tensor.Create([c])), ("d", Tensor.Create([d])));
            Assert.Equal(d ? [.. t.Zip(product, static (a, b) => a + b)] : new float[6], y);
        }
    }

    [Fact]
    public void SizesOfTheResultFollowAConditionOnSizes()
    {
        // n > 2 ? x[0:2] : x
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", "n").Integer("two", 2).Integers("start", 0).Integers("end", 2).Constant("ten", [10])
            .Node("Size", ["x"], ["size"]).Node("Greater", ["size", "two"], ["c"])
            .Node("If", ["c"], ["s"],
                ("then_branch", new OnnxModelBuilder().Node("Slice", ["x", "start", "end"], ["cut"]).Output("cut", "m")),
                ("else_branch", new OnnxModelBuilder().Node("Identity", ["x"], ["whole"]).Output("whole", "n")))
            .Node("Add", ["s", "ten"], ["y"])
            .Output("y", "m");
        using CompiledModel model = _models.Load("SizeIf", builder);
        using CompiledSession session = model.CreateSession();
        Assert.Equal([11, 12], SmallModels.Run(session, "y", ("x", Tensor.Create([1f, 2f, 3f], 3))));
        Assert.Equal([14], SmallModels.Run(session, "y", ("x", Tensor.Create([4f], 1))));
        Assert.Equal([15, 16], SmallModels.Run(session, "y", ("x", Tensor.Create([5f, 6f], 2))));
    }

    [Fact]
    public void LongBranchesAreCalledInParts()
    {
        var branch = new OnnxModelBuilder();
        string last = "x";
        for (int index = 0; index < 150; index++)
        {
            // A product cannot be fused with the one before it.
            branch.Node("MatMul", [last, "w"], [$"p{index}"]);
            last = $"p{index}";
        }

        using CompiledModel model = _models.Load("LongIf", new OnnxModelBuilder().Input("x", 1, 2).Input("c", DataType.Bool).Constant("w", [0, 1, 1, 0], 2, 2)
            .Node("If", ["c"], ["y"], ("then_branch", branch.Output(last, 1, 2)), ("else_branch", new OnnxModelBuilder().Node("Neg", ["x"], ["n"]).Output("n", 1, 2)))
            .Output("y", 1, 2));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([3, 4], SmallModels.Run(session, "y", ("x", Tensor.Create([3f, 4f], 1, 2)), ("c", Tensor.Create([true]))));
        Assert.Equal([-3, -4], SmallModels.Run(session, "y", ("x", Tensor.Create([3f, 4f], 1, 2)), ("c", Tensor.Create([false]))));
    }

    [Fact]
    public void RanksThatDataDecideAreRefused() =>
        Assert.Contains("OnnxInputs", _models.Refusal("Ranks", new OnnxModelBuilder().Input("x", 1, 2).Input("c", DataType.Bool).Integers("axes", 0)
            .Node("If", ["c"], ["y"],
                ("then_branch", new OnnxModelBuilder().Node("Squeeze", ["x", "axes"], ["s"]).Output("s", 2)),
                ("else_branch", new OnnxModelBuilder().Node("Neg", ["x"], ["n"]).Output("n", 1, 2)))
            .Output("y", 2)), StringComparison.Ordinal);

    [Fact]
    public void AnErrorInsideABranchIsReported() =>
        Assert.Contains("cannot be reshaped", _models.Refusal("InnerError", new OnnxModelBuilder().Input("x", 3).Input("c", DataType.Bool).Integers("shape", 2, 2)
            .Node("If", ["c"], ["y"],
                ("then_branch", new OnnxModelBuilder().Node("Reshape", ["x", "shape"], ["s"]).Output("s", 2, 2)),
                ("else_branch", new OnnxModelBuilder().Node("Reshape", ["x", "shape"], ["t"]).Output("t", 2, 2)))
            .Output("y", 2, 2)), StringComparison.Ordinal);

    [Fact]
    public void OneElementUnderTwoRanksIsOneElement()
    {
        // As affine grids have it: 0 where there is one step, else 2 / (steps - 1).
        using CompiledModel model = _models.Load("OneElement", new OnnxModelBuilder().Input("x", "n").Integer("one", 1).Constant("nothing", [0]).Constant("two", [2], 1)
            .Node("Shape", ["x"], ["steps"]).Node("Squeeze", ["steps"], ["count"]).Node("Equal", ["count", "one"], ["single"])
            .Node("If", ["single"], ["step"],
                ("then_branch", new OnnxModelBuilder().Node("Identity", ["nothing"], ["zero"]).Output("zero")),
                ("else_branch", new OnnxModelBuilder().Node("Sub", ["steps", "one"], ["less"]).Node("Cast", ["less"], ["gaps"], ("to", 1)).Node("Div", ["two", "gaps"], ["quotient"]).Output("quotient", 1)))
            .Node("Mul", ["x", "step"], ["y"]).Output("y", "n"));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([0.5f, 1, 1.5f, 2, 2.5f], SmallModels.Run(session, "y", ("x", Tensor.Create([1f, 2, 3, 4, 5], 5))));
        Assert.Equal([0f], SmallModels.Run(session, "y", ("x", Tensor.Create([7f], 1))));
    }
}
