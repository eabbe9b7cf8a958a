using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Sequences;

/// <summary>What is wrong with sequences and optionals, or not supported, is refused at build time with the operator and a reason.</summary>
public sealed class SequenceRefusalTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void KindsOfValues()
    {
        Refused("Add", "takes tensors", Sequence().Node("Add", ["s", "x"], ["y"]));
        Refused("SequenceAt", "no sequence", Sequence().Integer("p", 0).Node("SequenceAt", ["x", "p"], ["y"]));
        Refused("SequenceLength", "no sequence", Sequence().Node("SequenceLength", ["x"], ["y"]));
        Refused("SequenceLength", "no sequence", new OnnxModelBuilder().Input("o", ContainerTypes.Optional(ContainerTypes.Sequence(ContainerTypes.Floats(2)))).Node("SequenceLength", ["o"], ["y"]));
        Refused("SequenceInsert", "no tensor", Sequence().Node("SequenceInsert", ["s", "s"], ["y"]));
        Refused("SequenceConstruct", "takes tensors", Sequence().Node("SequenceConstruct", ["s"], ["y"]));
        Refused("ConcatFromSequence", "no sequence", Sequence().Node("ConcatFromSequence", ["x"], ["y"], ("axis", 0)));
        Refused("SplitToSequence", "no tensor", Sequence().Node("SplitToSequence", ["s"], ["y"]));
        Refused("OptionalGetElement", "version 15", new OnnxModelBuilder(15).Input("x", 2).Node("OptionalGetElement", ["x"], ["y"]));
        Refused("OptionalHasElement", "missing", new OnnxModelBuilder(15).Input("x", 2).Node("OptionalHasElement", [], ["y"]));
        Refused("Optional", "neither", new OnnxModelBuilder().Input("x", 2).Node("Optional", [], ["y"]));
        Refused("Identity", "version 13", Sequence(13).Node("Identity", ["s"], ["y"]));
    }

    [Fact]
    public void ElementTypesAndPositions()
    {
        Refused("SequenceInsert", "cannot be inserted", Sequence().Input("k", DataType.Int64, 2).Node("SequenceInsert", ["s", "k"], ["y"]));
        Refused("SequenceInsert", "cannot be inserted", Sequence().Input("k", DataType.Int64, 2).Node("SequenceEmpty", [], ["e"]).Node("SequenceInsert", ["e", "k"], ["y"]));
        Refused("SequenceConstruct", "one element type", Sequence().Input("k", DataType.Int64, 2).Node("SequenceConstruct", ["x", "k"], ["y"]));
        Refused("SequenceEmpty", "dtype", Sequence().Node("SequenceEmpty", [], ["y"], ("dtype", 99)));
        Refused("SequenceAt", "position", Sequence().Node("SequenceAt", ["s", "x"], ["y"]));
        Refused("SequenceAt", "position 2", Sequence().Integer("p", 2).Node("SequenceConstruct", ["x", "x"], ["t"]).Node("SequenceAt", ["t", "p"], ["y"]));
        Refused("SequenceErase", "position -3", Sequence().Integer("p", -3).Node("SequenceConstruct", ["x", "x"], ["t"]).Node("SequenceErase", ["t", "p"], ["y"]));
        Refused("SequenceInsert", "position 3", Sequence().Integer("p", 3).Node("SequenceConstruct", ["x", "x"], ["t"]).Node("SequenceInsert", ["t", "x", "p"], ["y"]));
        Refused("SequenceErase", "empty", Sequence().Node("SequenceEmpty", [], ["t"]).Node("SequenceErase", ["t"], ["y"]));
        Refused("ConcatFromSequence", "empty", Sequence().Node("SequenceEmpty", [], ["t"]).Node("ConcatFromSequence", ["t"], ["y"], ("axis", 0)));
    }

    [Fact]
    public void AttributesAndLengths()
    {
        Refused("ConcatFromSequence", "'axis' is missing", Sequence().Node("ConcatFromSequence", ["s"], ["y"]));
        Refused("ConcatFromSequence", "new_axis", Sequence().Node("ConcatFromSequence", ["s"], ["y"], ("axis", 0), ("new_axis", 2)));
        Refused("ConcatFromSequence", "axis 1", Sequence().Node("ConcatFromSequence", ["s"], ["y"], ("axis", 1)));
        Refused("ConcatFromSequence", "axis -3", Sequence().Node("ConcatFromSequence", ["s"], ["y"], ("axis", -3), ("new_axis", 1)));
        Refused("SplitToSequence", "keepdims", Sequence().Node("SplitToSequence", ["x"], ["y"], ("keepdims", 2)));
        Refused("SplitToSequence", "axis 1", Sequence().Node("SplitToSequence", ["x"], ["y"], ("axis", 1)));
        Refused("SplitToSequence", "together", Sequence().Integers("l", 1, 2).Node("SplitToSequence", ["x", "l"], ["y"]));
        Refused("SplitToSequence", "-1", Sequence().Integers("l", 3, -1).Node("SplitToSequence", ["x", "l"], ["y"]));
        Refused("SplitToSequence", "0 elements", Sequence().Integer("l", 0).Node("SplitToSequence", ["x", "l"], ["y"]));
        Refused("SequenceMap", "body", Sequence().Node("SequenceMap", ["s"], ["y"]));
    }

    [Fact]
    public void RanksThatNothingTells()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("s", ContainerTypes.Sequence(ContainerTypes.Floats(null))).Integer("p", 0)
            .Node("SequenceAt", ["s", "p"], ["v"]).Node("Neg", ["v"], ["y"]);
        Refused("SequenceAt", "rank", builder);
    }

    private static OnnxModelBuilder Sequence(int opset = 18) => new OnnxModelBuilder(opset).Input("s", ContainerTypes.Sequence(ContainerTypes.Floats(2))).Input("x", 2);

    private void Refused(string type, string reason, OnnxModelBuilder builder)
    {
        string message = _models.Refusal("Refused", builder.Output("y", new Generator.Onnx.Proto.TypeProto()));
        Assert.StartsWith(type + " ", message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
    }
}
