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

    /// <summary>A size of 0 is written as such and copies no other size.</summary>
    [Theory]
    [InlineData("DCR", 0, 3)]
    [InlineData("CRD", 2, 0)]
    public void BlocksOfNoPixelsAreNoPixels(string mode, int height, int width)
    {
        using CompiledModel model = _models.Load($"Depth{mode}", new OnnxModelBuilder(13).Input("x", 1, 12, height, width).Node("DepthToSpace", ["x"], ["y"], ("blocksize", 2L), ("mode", mode)).Output("y", 1, 3, 2 * height, 2 * width));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([1, 3, 2 * height, 2 * width], session.Run(new Dictionary<string, Tensor> { ["x"] = new(ElementType.Float32, 1, 12, height, width) })["y"].Shape.ToArray());
    }

    [Fact]
    public void EinsumKeepsAnEmptyAxisBetweenOpenOnes()
    {
        using CompiledModel model = _models.Load("EmptyEinsum", new OnnxModelBuilder().Input("x", "n", 0, "m").Input("w", "m").Node("Einsum", ["x", "w"], ["y"], ("equation", "...c,c->...c")).Output("y", "n", 0, "m"));
        using CompiledSession session = model.CreateSession();
        Tensor y = session.Run(new Dictionary<string, Tensor> { ["x"] = new(ElementType.Float32, 6, 0, 15), ["w"] = new(ElementType.Float32, 15) })["y"];
        Assert.Equal([6, 0, 15], y.Shape.ToArray());
    }

    [Fact]
    public void ThereMayBeNoMatricesToMultiply()
    {
        using CompiledModel model = _models.Load("NoMatrices", new OnnxModelBuilder().Input("x", DataType.Float, 0, 1, 6).Constant("w", [], 0, 6, 2).Node("MatMul", ["x", "w"], ["y"]).Output("y", DataType.Float, 0, 1, 2));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([0, 1, 2], session.Run(new Dictionary<string, Tensor> { ["x"] = new(ElementType.Float32, 0, 1, 6) })["y"].Shape.ToArray());
    }

    [Fact]
    public void ImagesOfNoChannelsAreResized()
    {
        using CompiledModel model = _models.Load("NoChannels", new OnnxModelBuilder().Input("x", 2, 0, 4, 4).Integers("to", 2, 0, 2, 3)
            .Node("Resize", ["x", "", "", "to"], ["y"], ("mode", "cubic"), ("coordinate_transformation_mode", "align_corners")).Output("y", 2, 0, 2, 3));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([2, 0, 2, 3], session.Run(new Dictionary<string, Tensor> { ["x"] = new(ElementType.Float32, 2, 0, 4, 4) })["y"].Shape.ToArray());
    }

    [Fact]
    public void TheLargestOfNothingIsNothing()
    {
        using CompiledModel model = _models.Load("EmptyHardmax", new OnnxModelBuilder(13).Input("x", 4, 0, 1).Node("Hardmax", ["x"], ["y"], ("axis", 1L)).Output("y", 4, 0, 1));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([4, 0, 1], session.Run(new Dictionary<string, Tensor> { ["x"] = new(ElementType.Float32, 4, 0, 1) })["y"].Shape.ToArray());
    }
}
