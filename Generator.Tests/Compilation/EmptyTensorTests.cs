using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Compilation;

/// <summary>Tensors without elements, which have no memory either.</summary>
public sealed class EmptyTensorTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(3, 0)]
    [InlineData(0, 2)]
    [InlineData(0, 0)]
    public void IntegerProductsMayHaveNoColumnsOrNoDepth(int depth, int columns)
    {
        using CompiledModel model = _models.Load($"Empty{depth}By{columns}", new OnnxModelBuilder().Input("x", DataType.Uint8, 2, depth).Constant("w", DataType.Int8, new byte[depth * columns], depth, columns)
            .Node("MatMulInteger", ["x", "w"], ["y"]).Output("y", DataType.Int32, 2, columns));
        using CompiledSession session = model.CreateSession();
        Tensor y = session.Run(new Dictionary<string, Tensor> { ["x"] = new(ElementType.UInt8, 2, depth) })["y"];
        Assert.Equal([2, columns], y.Shape.ToArray());
        Assert.All(y.AsSpan<int>().ToArray(), static element => Assert.Equal(0, element));
    }
}
