using Cameo.Generator.Onnx.Proto;
using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Sequences;

/// <summary>Optionals whose content only a run knows.</summary>
public sealed class OptionalTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void AnInputThatMayBeAbsent()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 2).Input("bias", ContainerTypes.Optional(ContainerTypes.Floats(2)))
            .Node("OptionalHasElement", ["bias"], ["has"])
            .Node("If", ["has"], ["b"],
                ("then_branch", new OnnxModelBuilder().Node("OptionalGetElement", ["bias"], ["content"]).Output("content", 2)),
                ("else_branch", new OnnxModelBuilder().Constant("zero", [0, 0], 2).Node("Identity", ["zero"], ["none"]).Output("none", 2)))
            .Node("Add", ["x", "b"], ["y"]).Output("y", 2).Output("has", DataType.Bool);
        using CompiledModel model = _models.Load("Bias", builder);
        using CompiledSession session = model.CreateSession();
        var x = Tensor.Create([1f, 2], 2);
        foreach (bool present in new[] { true, false, true })
        {
            Dictionary<string, ModelValue?> inputs = new() { ["x"] = x, ["bias"] = present ? Tensor.Create([10f, 20], 2) : null };
            IReadOnlyDictionary<string, ModelValue?> results = session.Run(inputs);
            Assert.Equal(present ? [11f, 22] : [1f, 2], ((Tensor)results["y"]!).AsSpan<float>().ToArray());
            Assert.Equal(present, ((Tensor)results["has"]!).AsSpan<bool>()[0]);
        }

        // Left out altogether, in either form of the untyped run.
        Assert.Equal([1f, 2], SmallModels.Run(session, "y", ("x", x)));
        Assert.Equal([1f, 2], ((Tensor)session.Run(new Dictionary<string, ModelValue?> { ["x"] = x })["y"]!).AsSpan<float>().ToArray());

        // Sizes are checked when the content is read.
        Assert.Contains("OptionalGetElement", Assert.Throws<SequenceException>(() =>
            session.Run(new Dictionary<string, ModelValue?> { ["x"] = x, ["bias"] = Tensor.Create([1f, 2, 3], 3) })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheContentOfAnEmptyOptionalEndsTheRun()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", ContainerTypes.Optional(ContainerTypes.Floats("n"))).Node("OptionalGetElement", ["x"], ["v"]).Node("Neg", ["v"], ["y"]).Output("y", "n");
        using CompiledModel model = _models.Load("Empty", builder);
        using CompiledSession session = model.CreateSession();
        Assert.Contains("OptionalGetElement", Assert.Throws<SequenceException>(() => session.Run(new Dictionary<string, ModelValue?>())).Message, StringComparison.Ordinal);
        foreach (int count in new[] { 3, 1, 100 })
        {
            var results = session.Run(new Dictionary<string, ModelValue?> { ["x"] = Tensor.Create([.. Enumerable.Range(0, count).Select(static value => (float)value)], count) });
            Assert.Equal(Enumerable.Range(0, count).Select(static value => -(float)value), ((Tensor)results["y"]!).AsSpan<float>().ToArray());
        }
    }

    [Fact]
    public void ABranchDecidesWhetherThereIsAResult()
    {
        TypeProto tensor = ContainerTypes.Floats("n");
        TypeProto sequence = ContainerTypes.Sequence(ContainerTypes.Floats(null));
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", "n").Input("c", DataType.Bool)
            .Node("If", ["c"], ["y", "s"],
                ("then_branch", new OnnxModelBuilder().Node("Optional", ["x"], ["full"]).Node("SequenceConstruct", ["x", "x"], ["two"]).Node("Optional", ["two"], ["both"])
                    .Output("full", ContainerTypes.Optional(tensor)).Output("both", ContainerTypes.Optional(sequence))),
                ("else_branch", new OnnxModelBuilder().Node("Optional", [], ["empty"], ("type", tensor)).Node("Optional", [], ["none"], ("type", sequence))
                    .Output("empty", ContainerTypes.Optional(tensor)).Output("none", ContainerTypes.Optional(sequence))))
            .Node("OptionalHasElement", ["y"], ["has_y"]).Node("OptionalHasElement", ["s"], ["has_s"]).Node("And", ["has_y", "has_s"], ["has"])
            .Output("y", ContainerTypes.Optional(tensor)).Output("s", ContainerTypes.Optional(sequence)).Output("has", DataType.Bool);
        using CompiledModel model = _models.Load("Decides", builder);
        using CompiledSession session = model.CreateSession();
        foreach (bool condition in new[] { false, true, false })
        {
            IReadOnlyDictionary<string, ModelValue?> results = session.Run(new Dictionary<string, ModelValue?> { ["x"] = Tensor.Create([1f, 2, 3], 3), ["c"] = Tensor.Create([condition]) });
            Assert.Equal(condition, ((Tensor)results["has"]!).AsSpan<bool>()[0]);
            Assert.Equal(condition ? [1f, 2, 3] : null, (results["y"] as Tensor)?.AsSpan<float>().ToArray());
            Assert.Equal(condition ? 2 : null, (results["s"] as TensorList)?.Count);
        }
    }

    [Fact]
    public void ALoopCarriesAnOptionalThatIsFilledOnTheWay()
    {
        // The last of x · i that was made, if any.
        TypeProto optional = ContainerTypes.Optional(ContainerTypes.Floats(2));
        OnnxModelBuilder body = new OnnxModelBuilder().Input("i", DataType.Int64).Input("go", DataType.Bool).Input("last", optional)
            .Node("Identity", ["go"], ["go_on"]).Node("Cast", ["i"], ["number"], ("to", 1)).Node("Mul", ["x", "number"], ["part"]).Node("Optional", ["part"], ["next"])
            .Output("go_on", DataType.Bool).Output("next", optional);
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 2).Input("trips", DataType.Int64)
            .Node("Optional", [], ["none"], ("type", ContainerTypes.Floats(2))).Node("Loop", ["trips", "", "none"], ["y"], ("body", body)).Output("y", optional);
        using CompiledModel model = _models.Load("Filled", builder);
        using CompiledSession session = model.CreateSession();
        foreach (long trips in new[] { 0L, 3, 0, 1 })
        {
            IReadOnlyDictionary<string, ModelValue?> results = session.Run(new Dictionary<string, ModelValue?> { ["x"] = Tensor.Create([1f, 2], 2), ["trips"] = Tensor.Create([trips]) });
            Assert.Equal(trips == 0 ? null : [trips - 1, 2f * (trips - 1)], (results["y"] as Tensor)?.AsSpan<float>().ToArray());
        }
    }
}
