using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Sequences;

/// <summary>Sequences whose content the graph tells leave nothing at run time but the values themselves.</summary>
public sealed class SequenceResolutionTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(null, null, 0, new[] { 1f, 2 })]
    [InlineData(null, null, -1, new[] { 5f, 6 })]
    [InlineData(0, null, 0, new[] { 5f, 6 })]
    [InlineData(-1, null, 1, new[] { 5f, 6 })]
    [InlineData(2, 1, 1, new[] { 5f, 6 })]
    [InlineData(null, -3, 0, new[] { 3f, 4 })]
    public void PositionsCountFromBothEnds(int? insert, int? erase, int at, float[] expected)
    {
        // a, b, then c at a place; without one of them; one of the rest.
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("a", 2).Input("b", 2).Input("c", 2).Integer("at", at).Integer("insert", insert ?? 0).Integer("erase", erase ?? 0)
            .Node("SequenceConstruct", ["a", "b"], ["s"])
            .Node("SequenceInsert", insert is null ? ["s", "c"] : ["s", "c", "insert"], ["t"])
            .Node(erase is null ? "Identity" : "SequenceErase", erase is null ? ["t"] : ["t", "erase"], ["u"])
            .Node("SequenceAt", ["u", "at"], ["v"]).Node("Identity", ["v"], ["y"]).Output("y", 2);
        Assert.Equal(expected, Run(builder, "y", Tensor.Create([1f, 2], 2), Tensor.Create([3f, 4], 2), Tensor.Create([5f, 6], 2)));
    }

    [Fact]
    public void PartsOfGivenLengths()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("a", "n", 5).Integers("lengths", 1, 0, 4).Integer("at", 2).Integer("length", 2)
            .Node("SplitToSequence", ["a", "lengths"], ["s"], ("axis", -1)).Node("SequenceAt", ["s", "at"], ["last"])
            .Node("SplitToSequence", ["a", "length"], ["t"], ("axis", 1)).Node("SequenceAt", ["t", "at"], ["rest"]).Node("SequenceLength", ["t"], ["count"])
            .Node("Cast", ["count"], ["number"], ("to", 1)).Node("Mul", ["rest", "number"], ["scaled"])
            .Node("Concat", ["last", "scaled"], ["y"], ("axis", 1)).Output("y", "n", 5);
        Assert.Equal([2f, 3, 4, 5, 15, 7, 8, 9, 10, 30], Run(builder, "y", Tensor.Create([1f, 2, 3, 4, 5, 6, 7, 8, 9, 10], 2, 5)));
    }

    [Theory]
    [InlineData(0, 0, new[] { 1f, 2, 3, 4 })]
    [InlineData(0, 1, new[] { 1f, 2, 3, 4 })]
    [InlineData(1, 0, new[] { 1f, 2, 3, 4 })]
    [InlineData(1, -1, new[] { 1f, 3, 2, 4 })]
    public void JoinedAndStacked(int newAxis, int axis, float[] expected)
    {
        // Rows of x: [2, 2] without or with their axis, joined again along another one.
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 2, 2)
            .Node("SplitToSequence", ["x"], ["s"], ("axis", 0), ("keepdims", newAxis == 1 ? 0 : 1))
            .Node("ConcatFromSequence", ["s"], ["y"], ("axis", axis), ("new_axis", newAxis)).Output("y", "rows", "columns");
        Assert.Equal(expected, Run(builder, "y", Tensor.Create([1f, 2, 3, 4], 2, 2)));
    }

    [Fact]
    public void OptionalsOfKnownContent()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 2)
            .Node("Optional", ["x"], ["full"]).Node("OptionalHasElement", ["full"], ["has"]).Node("OptionalGetElement", ["full"], ["v"])
            .Node("Optional", [], ["empty"], ("type", ContainerTypes.Floats(2))).Node("OptionalHasElement", ["empty"], ["has_not"])
            .Node("If", ["has_not"], ["w"],
                ("then_branch", new OnnxModelBuilder().Node("OptionalGetElement", ["empty"], ["e"]).Output("e", 2)),
                ("else_branch", new OnnxModelBuilder().Node("Neg", ["v"], ["f"]).Output("f", 2)))
            .Node("Where", ["has", "w", "x"], ["y"]).Output("y", 2);
        Assert.Equal([-1f, -2], Run(builder, "y", Tensor.Create([1f, 2], 2)));
    }

    [Fact]
    public void AllElementTypesAreMoved()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", DataType.Double, 2, 2).Integer("at", 1)
            .Node("SplitToSequence", ["x"], ["s"], ("keepdims", 0)).Node("SequenceAt", ["s", "at"], ["v"]).Node("Cast", ["v"], ["y"], ("to", 1)).Output("y", 2);
        Assert.Equal([3f, 4], Run(builder, "y", Tensor.Create([1d, 2, 3, 4], 2, 2)));
    }

    /// <summary>Runs a model of which no sequence may be left.</summary>
    private float[] Run(OnnxModelBuilder builder, string output, params Tensor[] inputs)
    {
        ModelCompilation compilation = _models.Compile("Resolved", builder);
        Assert.True(compilation.HasSources, compilation.Explain());
        Assert.DoesNotContain(compilation.Result!.Kernels, kernel => kernel.Kind == "sequence");
        GeneratedAssembly.Build([compilation]);
        using CompiledModel model = compilation.CreateModel();
        using CompiledSession session = model.CreateSession();
        return SmallModels.Run(session, output, [.. model.Description.Inputs.Select((input, index) => (input.Name, inputs[index]))]);
    }
}
