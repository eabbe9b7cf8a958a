using System.Reflection;
using Cameo.Descriptions;
using Cameo.Sequences;
using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Sequences;

/// <summary>Sequences and optionals as inputs and outputs: what does not fit, what is described, the typed form.</summary>
public sealed class SequenceInterfaceTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void WhatDoesNotFitIsRefusedByName()
    {
        using CompiledModel model = _models.Load("Interface", Squares());
        using CompiledSession session = model.CreateSession();
        var list = new TensorList(ElementType.Float32, Tensor.Create([1f], 1));
        var x = Tensor.Create([1f], 1);
        Assert.Contains("'s'", Assert.Throws<MissingInputException>(() => Run(session, ("x", x))).Message, StringComparison.Ordinal);
        Assert.Contains("'s'", Assert.Throws<WrongKindException>(() => Run(session, ("x", x), ("s", x))).Message, StringComparison.Ordinal);
        Assert.Contains("'x'", Assert.Throws<WrongKindException>(() => Run(session, ("x", list), ("s", list))).Message, StringComparison.Ordinal);
        Assert.Contains("'o'", Assert.Throws<WrongKindException>(() => Run(session, ("x", x), ("s", list), ("o", list))).Message, StringComparison.Ordinal);
        Assert.Contains("'s'", Assert.Throws<WrongElementTypeException>(() => Run(session, ("x", x), ("s", new TensorList(ElementType.Int64, Tensor.Create([1L], 1))))).Message, StringComparison.Ordinal);
        Assert.Contains("'o'", Assert.Throws<WrongElementTypeException>(() => Run(session, ("x", x), ("s", list), ("o", Tensor.Create([1L], 1)))).Message, StringComparison.Ordinal);
        Assert.Contains("'z'", Assert.Throws<UnknownInputException>(() => Run(session, ("x", x), ("s", list), ("z", x))).Message, StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => session.Run(new Dictionary<string, Tensor> { ["x"] = x }));
        Assert.Throws<ArgumentException>(() => new TensorList(ElementType.Float32, Tensor.Create([1L], 1)));
        Assert.Equal(2, ((TensorList)Run(session, ("x", x), ("s", list))["t"]!).Count);
    }

    [Fact]
    public void TheDescriptionTellsThem()
    {
        using CompiledModel model = _models.Load("Described", Squares());
        Assert.Equal(["s: sequence of Float32[?]", "o: optional Float32[2]"], model.Description.SequenceInputs.Select(static input => input.ToString()));
        Assert.Equal([SequenceKind.Sequence], model.Description.SequenceOutputs.Select(static output => output.Kind));
        Assert.Contains("s: sequence of Float32[?]", model.Description.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void TheTypedFormAllocatesNothingOnceItHasRun()
    {
        OnnxModelBuilder body = new OnnxModelBuilder(17).Input("a", "n").Node("Mul", ["a", "a"], ["b"]).Output("b", "n");
        OnnxModelBuilder builder = new OnnxModelBuilder(17).Input("s", ContainerTypes.Sequence(ContainerTypes.Floats("n")))
            .Node("SequenceMap", ["s"], ["t"], ("body", body)).Output("t", ContainerTypes.Sequence(ContainerTypes.Floats("n")));
        using CompiledModel model = _models.Load("Typed", builder);
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = 1 });
        MethodInfo method = session.GetType().GetMethod("Run", [typeof(IReadOnlyList<Tensor>)])!;
        var run = method.CreateDelegate<Func<IReadOnlyList<Tensor>, TensorSequence>>(session);
        Tensor[][] inputs = [.. new[] { 4, 7, 1, 0 }.Select(static count => Enumerable.Range(1, count).Select(static size => Tensor.Create([.. Enumerable.Range(0, size).Select(static value => (float)value)], size)).ToArray())];
        foreach (Tensor[] tensors in inputs.Concat(inputs))
        {
            TensorSequence result = run(tensors);
            Assert.Equal(tensors.Length, result.Count);
            for (int index = 0; index < tensors.Length; index++)
            {
                Assert.Equal(tensors[index].AsSpan<float>().ToArray().Select(static value => value * value), result[index].AsSpan<float>().ToArray());
            }
        }

        Assert.Equal(0, ThreadAllocations.Measure(() =>
        {
            foreach (Tensor[] tensors in inputs)
            {
                run(tensors);
            }
        }));
        Assert.Throws<MissingInputException>(() => run(null!));
        Assert.True(session.SequenceBytes > 0);
    }

    private static OnnxModelBuilder Squares() => new OnnxModelBuilder().Input("x", "n").Input("s", ContainerTypes.Sequence(ContainerTypes.Floats("n"))).Input("o", ContainerTypes.Optional(ContainerTypes.Floats(2)))
        .Node("OptionalHasElement", ["o"], ["has"]).Node("SequenceInsert", ["s", "x"], ["t"])
        .Output("t", ContainerTypes.Sequence(ContainerTypes.Floats("n"))).Output("has", DataType.Bool);

    private static IReadOnlyDictionary<string, ModelValue?> Run(CompiledSession session, params (string Name, ModelValue? Value)[] inputs) =>
        session.Run(inputs.ToDictionary(static input => input.Name, static input => input.Value));
}
