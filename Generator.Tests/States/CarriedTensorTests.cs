using Cameo.Generator.Diagnostics;
using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.States;

/// <summary>Tensors that go from run to run as a whole: found by name and dataflow, declared, switched off.</summary>
public sealed class CarriedTensorTests : IDisposable
{
    private readonly StateModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void ARunningSumIsCarriedWithoutACopy()
    {
        ModelCompilation compilation = _models.Compile(Sum("state", "stateN"));
        using CompiledModel model = compilation.CreateModel();
        Assert.Equal("state -> stateN: Float32[1, 3]", Assert.Single(model.Description.States).ToString());
        Assert.Equal("x", Assert.Single(model.Description.Inputs).Name);

        // The kernel that computes the next state writes it where the next run reads it.
        Assert.DoesNotContain(compilation.Result!.Kernels, static kernel => kernel.Kind == "copy");
        using CompiledSession session = model.CreateSession();
        Assert.Equal([1, 2, 3], Run(session, "stateN", 1, 2, 3));
        nint first = StateModels.Addresses(session)[0];
        Assert.Equal([11, 22, 33], Run(session, "stateN", 10, 20, 30));
        nint second = StateModels.Addresses(session)[0];
        Run(session, "stateN", 0, 0, 0);

        // Two buffers change places.
        Assert.NotEqual(first, second);
        Assert.Equal(first, StateModels.Addresses(session)[0]);
    }

    [Fact]
    public void ForkRewindAndReset()
    {
        using CompiledModel model = _models.Compile(Sum("state", "stateN")).CreateModel();
        using CompiledSession session = model.CreateSession();
        Run(session, "stateN", 1, 2, 3);
        using CompiledSession fork = session.Fork();
        Assert.Equal([2, 3, 4], Run(fork, "stateN", 1, 1, 1));
        Assert.Equal([1, 2, 3], session.ReadState("state").AsSpan<float>().ToArray());
        Assert.Contains("Rewind(0)", Assert.Throws<InvalidOperationException>(() => session.Rewind(1)).Message, StringComparison.Ordinal);
        Assert.Equal([1, 2, 3], session.ReadState("state").AsSpan<float>().ToArray());
        session.Rewind(0);
        Assert.Equal([5, 5, 5], Run(session, "stateN", 5, 5, 5));
        session.LoadState("state", Tensor.Create<float>([7, 8, 9], 1, 3));
        Assert.Equal([8, 9, 10], Run(session, "stateN", 1, 1, 1));
        session.Reset();
        Assert.Equal([1, 1, 1], Run(session, "stateN", 1, 1, 1));
    }

    [Fact]
    public void ARefusedRunLeavesTheStateAsItWas()
    {
        using CompiledModel model = _models.Compile(Sum("state", "stateN")).CreateModel();
        using CompiledSession session = model.CreateSession();
        Run(session, "stateN", 1, 2, 3);
        Assert.Throws<DimensionMismatchException>(() => session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create<float>([1, 2], 1, 2) }));
        Assert.Equal([1, 2, 3], session.ReadState("stateN").AsSpan<float>().ToArray());
    }

    [Fact]
    public void AnOpenSizeIsThatOfTheFirstRunUntilReset()
    {
        using CompiledModel model = _models.Compile(new OnnxModelBuilder()
            .Input("x", "batch", 3).Input("state", "rows", 3)
            .Node("Add", ["state", "x"], ["stateN"])
            .Node("Relu", ["stateN"], ["y"])
            .Output("y", "batch", 3).Output("stateN", "batch", 3)).CreateModel();
        using CompiledSession session = model.CreateSession();
        Assert.Equal([1, 2, 3, 4, 5, 6], Run(session, "stateN", 1, 2, 3, 4, 5, 6));
        Assert.Throws<DimensionMismatchException>(() => Run(session, "stateN", 1, 2, 3));
        session.Reset();
        Assert.Equal([1, 2, 3], Run(session, "stateN", 1, 2, 3));
        Assert.Equal([2, 4, 6], Run(session, "stateN", 1, 2, 3));
    }

    [Fact]
    public void TheTailOfACausalConvolutionIsCarried()
    {
        using CompiledModel model = _models.Compile(Tail()).CreateModel();
        Assert.Equal("left", Assert.Single(model.Description.States).InputName);
        using CompiledSession session = model.CreateSession();
        float[] whole = [1, 2, 3, 4, 5, 6, 7, 8];
        List<float> found = [];
        for (int begin = 0; begin < whole.Length; begin += 2)
        {
            found.AddRange(session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create<float>(whole.AsSpan(begin, 2), 1, 1, 2) })["y"].AsSpan<float>());
        }

        float[] expected = [.. Enumerable.Range(0, whole.Length).Select(index => (At(index - 2) * 100) + (At(index - 1) * 10) + At(index))];
        Assert.Equal(expected, found);

        float At(int index) => index < 0 ? 0 : whole[index];
    }

    [Fact]
    public void NoneSwitchesStatesOff()
    {
        using CompiledModel model = _models.Compile(Sum("state", "stateN"), "none").CreateModel();
        Assert.Empty(model.Description.States);
        Assert.Equal(["x", "state"], model.Description.Inputs.Select(static input => input.Name));
    }

    [Fact]
    public void AnInputIsNoStateBecauseAnOutputHasItsShape()
    {
        using CompiledModel model = _models.Compile(Sum("image", "image_out")).CreateModel();
        Assert.Empty(model.Description.States);
    }

    [Fact]
    public void APairCanBeDeclared()
    {
        using CompiledModel model = _models.Compile(Sum("a", "b"), "a=b").CreateModel();
        using CompiledSession session = model.CreateSession();
        Run(session, "b", 1, 2, 3);
        Assert.Equal([2, 4, 6], Run(session, "b", 1, 2, 3));
    }

    [Theory]
    [InlineData("q=b", "no input 'q'; it has x, a")]
    [InlineData("a=q", "no output 'q'; it has y, b")]
    [InlineData("a", "neither 'auto' nor 'none' nor 'input=output'")]
    [InlineData("x=y; x=b", "contradicts")]
    public void AWrongDeclarationIsRefused(string option, string reason)
    {
        ModelCompilation compilation = _models.Compile(Sum("a", "b"), option);
        Assert.Equal(DiagnosticIds.InvalidOption, compilation.Refusal?.Id);
        Assert.Contains(reason, compilation.Refusal!.Value.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ADeclaredPairOfOtherShapeIsRefused()
    {
        ModelCompilation compilation = _models.Compile(
            new OnnxModelBuilder().Input("x", 1, 3).Input("a", 1, 3)
                .Node("Concat", ["a", "x"], ["b"], ("axis", 1))
                .Output("b", 1, 6), "a=b");
        Assert.Equal(DiagnosticIds.InvalidOption, compilation.Refusal?.Id);
        Assert.Contains("[1, 3] of 'a' and [1, 6] of 'b' do not correspond", compilation.Refusal!.Value.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void APlausiblePairOfOtherShapeIsReported()
    {
        ModelCompilation compilation = _models.Compile(
            new OnnxModelBuilder().Input("x", 1, 3).Input("state", 1, 3)
                .Node("Concat", ["state", "x"], ["stateN"], ("axis", 1))
                .Output("stateN", 1, 6));
        Assert.Contains(StateModels.Misses(compilation), static miss => miss.Contains("'state', which 'stateN' continues", StringComparison.Ordinal));
        using CompiledModel model = compilation.CreateModel();
        Assert.Empty(model.Description.States);
    }

    private static OnnxModelBuilder Sum(string input, string output) => new OnnxModelBuilder()
        .Input("x", 1, 3).Input(input, 1, 3)
        .Node("Add", [input, "x"], [output])
        .Node("Relu", [output], ["y"])
        .Output("y", 1, 3).Output(output, 1, 3);

    /// <summary>y(t) = 100 x(t - 2) + 10 x(t - 1) + x(t).</summary>
    private static OnnxModelBuilder Tail() => new OnnxModelBuilder()
        .Input("left", 1, 1, 2).Input("x", 1, 1, 2)
        .Constant("w", [100, 10, 1], 1, 1, 3)
        .Integers("begin", -2).Integers("end", long.MaxValue).Integers("axis", 2)
        .Node("Concat", ["left", "x"], ["joined"], ("axis", 2))
        .Node("Conv", ["joined", "w"], ["y"])
        .Node("Slice", ["joined", "begin", "end", "axis"], ["right"])
        .Output("y", 1, 1, 2).Output("right", 1, 1, 2);

    private static float[] Run(CompiledSession session, string output, params float[] x) =>
        session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, x.Length / 3, 3) })[output].AsSpan<float>().ToArray();
}
