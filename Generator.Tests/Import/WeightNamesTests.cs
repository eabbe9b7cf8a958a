using Cameo.Generator.Onnx;
using Cameo.Generator.Onnx.Proto;
using Xunit;

namespace Cameo.Tests.Import;

/// <summary>Which tensors go among the weights, and under which names.</summary>
public sealed class WeightNamesTests
{
    [Fact]
    public void TensorsAreNamedByWhereTheyStand()
    {
        ModelProto model = ModelFiles.Model(Large("w"), Large("w/value"));
        NodeProto named = ModelFiles.Node("Constant", Attribute("value", Large("ignored")));
        named.Name = "w";
        GraphProto branch = new();
        branch.Initializer.Add(Large("w"));
        branch.Node.Add(ModelFiles.Node("Constant", Attribute("value", Large(""))));
        AttributeProto graphs = new() { Name = "branches" };
        graphs.Graphs.Add(branch);
        graphs.Tensors.Add(Large(""));
        model.Graph.Node.Add([named, ModelFiles.Node("Custom", graphs), ModelFiles.Node("Custom", new AttributeProto { Name = "body", G = branch.Clone() })]);
        model.Graph.SparseInitializer.Add(new SparseTensorProto { Values = Large("s"), Indices = Large("") });
        FunctionProto function = new() { Domain = "d", Name = "F", Overload = "o" };
        function.Node.Add(ModelFiles.Node("Constant", Attribute("value", Large(""))));
        function.AttributeProto.Add(Attribute("default", Large("")));
        model.Functions.Add(function);

        ImportResult result = ModelFiles.Import(model);

        Assert.Empty(result.Diagnostics);
        Assert.Equal(
            [
                "w", "w/value", "s/values", "s/indices", "w/value~2",
                "Custom_1/branches/0", "Custom_1/branches/0/w", "Custom_1/branches/0/Constant_0/value",
                "Custom_2/body/w", "Custom_2/body/Constant_0/value",
                "d:F:o/default", "d:F:o/Constant_0/value",
            ],
            result.WeightIndex!.Entries.Select(static entry => entry.Name));
    }

    [Fact]
    public void SmallTensorsStandInTheText()
    {
        ModelProto model = ModelFiles.Model(
            Sized("shape", TensorProto.Types.DataType.Int64, 512),
            Sized("indices", TensorProto.Types.DataType.Int64, 513),
            Sized("mask", TensorProto.Types.DataType.Bool, 1024),
            Sized("large mask", TensorProto.Types.DataType.Bool, 1025),
            Sized("scalars", TensorProto.Types.DataType.Float, 4),
            Sized("bias", TensorProto.Types.DataType.Float, 5),
            Sized("scales", TensorProto.Types.DataType.Float, 5));
        NodeProto resize = ModelFiles.Node("Resize", Attribute("constant", Sized("", TensorProto.Types.DataType.Float, 256)));
        resize.Input.Add(["image", "", "scales"]);
        model.Graph.Node.Add(resize);

        ImportResult result = ModelFiles.Import(model);

        Assert.Equal(["indices", "large mask", "bias"], result.WeightIndex!.Entries.Select(static entry => entry.Name));
    }

    [Fact]
    public void TheIndexKeepsAnyName()
    {
        WeightIndex index = new();
        int file = index.AddFile("a\tb\\c\n");
        WeightEntry entry = new("tab\t back\\slash\\t line\nreturn\r", file, WeightStorage.TypedField, 5L << 40, 7, TensorProto.Types.DataType.Float8E4M3Fn, [2, 0, 3], 9);
        WeightEntry scalar = new("", 0, WeightStorage.Raw, 0, 4, TensorProto.Types.DataType.Float, [], 4);
        index.Add(entry);
        index.Add(scalar);
        StringWriter text = new();
        index.Write(text);

        WeightIndex read = WeightIndex.Read(new StringReader(text.ToString()));

        Assert.Equal(["", "a\tb\\c\n"], read.Files);
        Assert.Equal([entry with { Dimensions = [] }, scalar with { Dimensions = [] }], read.Entries.Select(static item => item with { Dimensions = [] }));
        Assert.Equal([2, 0, 3], read[entry.Name].Dimensions);
        Assert.Empty(read[""].Dimensions);
    }

    [Theory]
    [InlineData("")]
    [InlineData("cameo-weight-index 0\n")]
    [InlineData("cameo-weight-index 1\nfile\t\nweight\tt\n")]
    public void OtherTextsAreNoIndex(string text)
        => Assert.Throws<FormatException>(() => WeightIndex.Read(new StringReader(text)));

    private static TensorProto Large(string name) => Sized(name, TensorProto.Types.DataType.Uint8, 2000);

    private static TensorProto Sized(string name, TensorProto.Types.DataType type, int elements)
        => ModelFiles.Tensor(name, type, new byte[elements * ElementTypes.Bits(type) / 8], elements);

    private static AttributeProto Attribute(string name, TensorProto tensor)
        => new() { Name = name, Type = AttributeProto.Types.AttributeType.Tensor, T = tensor };
}
