using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators;

/// <summary>Rare element types of the standard, which operators take by way of others.</summary>
public sealed class ElementTypeTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void IntegersHaveAnErrorFunction()
    {
        using CompiledModel model = _models.Load("ErfOfIntegers", new OnnxModelBuilder(13).Input("x", DataType.Int16, 5).Node("Erf", ["x"], ["y"]).Output("y", DataType.Int16, 5));
        using CompiledSession session = model.CreateSession();

        // As NumPy's conversion does, towards 0.
        Assert.Equal([(short)-1, 0, 0, 0, 1], Run(session, Tensor.Create<short>([-30, -1, 0, 1, 30], 5)).AsSpan<short>().ToArray());
    }

    [Fact]
    public void SmallFloatsAreNumbersOrNot()
    {
        // float8e5m2: 1, infinity, -infinity, not a number.
        byte[] bits = [0x3C, 0x7C, 0xFC, 0x7F];
        using CompiledModel model = _models.Load("SmallFloats", new OnnxModelBuilder(20).Input("x", DataType.Float8E5M2, 4).Node("IsNaN", ["x"], ["y"]).Node("IsInf", ["x"], ["z"], ("detect_negative", 0))
            .Output("y", DataType.Bool, 4).Output("z", DataType.Bool, 4));
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.FromBytes(ElementType.Float8E5M2, bits, 4) });
        Assert.Equal([false, false, false, true], results["y"].AsSpan<bool>().ToArray());
        Assert.Equal([false, true, false, false], results["z"].AsSpan<bool>().ToArray());
    }

    [Fact]
    public void PaddingOfSmallTypesIsZero()
    {
        using CompiledModel model = _models.Load("PaddedSmall", new OnnxModelBuilder(21).Input("x", DataType.Float8E4M3Fn, 2).Integers("pads", 1, 2).Node("Pad", ["x", "pads"], ["y"]).Output("y", DataType.Float8E4M3Fn, 5));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([0, 0x38, 0xB8, 0, 0], Run(session, Tensor.FromBytes(ElementType.Float8E4M3FN, [0x38, 0xB8], 2)).Bytes.ToArray());
    }

    [Fact]
    public void TextsHaveTrianglesAndPlacesThatAreNotEmpty()
    {
        using CompiledModel model = _models.Load("TextTriangle", new OnnxModelBuilder(14).Input("x", DataType.String, 2, 3).Node("Trilu", ["x"], ["y"]).Node("NonZero", ["y"], ["places"])
            .Output("y", DataType.String, 2, 3).Output("places", DataType.Int64, 2, "n"));
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(["a", "b", "", "d", "e", "f"], 2, 3) });
        Assert.Equal(["a", "b", "", "", "e", "f"], results["y"].Texts.ToArray());
        Assert.Equal([0L, 0, 1, 1, 0, 1, 1, 2], results["places"].AsSpan<long>().ToArray());
    }

    [Fact]
    public void ScalesMayBePowersOfTwo()
    {
        // float8e8m0: 2^(bits − 127).
        using CompiledModel model = _models.Load("PowerScales", new OnnxModelBuilder(24).Input("x", 4).Input("s", DataType.Float8E8M0, 2).Input("q", DataType.Int8, 2, 2)
            .Node("Reshape", ["x", "square"], ["matrix"]).Integers("square", 2, 2)
            .Node("QuantizeLinear", ["matrix", "s"], ["y"], ("axis", 0), ("output_dtype", 3)).Node("DequantizeLinear", ["q", "s"], ["z"], ("axis", 0), ("output_dtype", 1))
            .Output("y", DataType.Int8, 2, 2).Output("z", 2, 2));
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor>
        {
            ["x"] = Tensor.Create([1f, -3, 10, 1000], 4),
            ["s"] = Tensor.FromBytes(ElementType.Float8E8M0, [126, 129], 2),
            ["q"] = Tensor.Create<sbyte>([1, -2, 3, 4], 2, 2),
        });
        Assert.Equal([(sbyte)2, -6, 2, 127], results["y"].AsSpan<sbyte>().ToArray());
        Assert.Equal([0.5f, -1, 12, 16], results["z"].AsSpan<float>().ToArray());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void FirstUpsample(int opset)
    {
        (string, object)[] scales = opset == 1 ? [("height_scale", 2f), ("width_scale", 3f)] : [("scales", new[] { 1f, 1, 2, 3 })];
        using CompiledModel model = _models.Load($"Upsample{opset}", new OnnxModelBuilder(opset).Input("x", DataType.Bool, 1, 1, 1, 2).Node("Upsample", ["x"], ["y"], scales).Output("y", DataType.Bool, 1, 1, 2, 6));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([true, true, true, false, false, false, true, true, true, false, false, false], Run(session, Tensor.Create([true, false], 1, 1, 1, 2)).AsSpan<bool>().ToArray());
    }

    [Theory]
    [InlineData("RNN", 1)]
    [InlineData("GRU", 3)]
    [InlineData("LSTM", 4)]
    public void RecurrentLayersOfHalvesAreThoseOfFloatsRounded(string type, int gates)
    {
        const int Steps = 3, Batch = 2, Features = 4, Hidden = 5;
        OnnxModelBuilder Model(DataType element) => new OnnxModelBuilder(22).Input("x", element, Steps, Batch, Features).Input("w", element, 1, gates * Hidden, Features).Input("r", element, 1, gates * Hidden, Hidden)
            .Node(type, ["x", "w", "r"], ["all", "last"], ("hidden_size", Hidden)).Output("all", element, Steps, 1, Batch, Hidden).Output("last", element, 1, Batch, Hidden);
        using CompiledModel narrow = _models.Load($"Narrow{type}", Model(DataType.Float16)), wide = _models.Load($"Wide{type}", Model(DataType.Float));
        using CompiledSession narrowSession = narrow.CreateSession(), wideSession = wide.CreateSession();
        Dictionary<string, Half[]> halves = [];
        Dictionary<string, long[]> shapes = new() { ["x"] = [Steps, Batch, Features], ["w"] = [1, gates * Hidden, Features], ["r"] = [1, gates * Hidden, Hidden] };
        foreach ((string name, long[] shape) in shapes)
        {
            halves[name] = [.. OnnxModelBuilder.WeightValues(name, shape).Select(static value => (Half)value)];
        }

        IReadOnlyDictionary<string, Tensor> rounded = narrowSession.Run(shapes.ToDictionary(static pair => pair.Key, pair => Tensor.Create(halves[pair.Key], pair.Value)));
        IReadOnlyDictionary<string, Tensor> exact = wideSession.Run(shapes.ToDictionary(static pair => pair.Key, pair => Tensor.Create(halves[pair.Key].Select(static value => (float)value).ToArray(), pair.Value)));
        foreach (string output in new[] { "all", "last" })
        {
            Assert.Equal(exact[output].AsSpan<float>().ToArray().Select(static value => (Half)value), rounded[output].AsSpan<Half>().ToArray());
        }
    }

    [Fact]
    public void TextsAreResizedToTheirNearest()
    {
        using CompiledModel model = _models.Load("ResizedTexts", new OnnxModelBuilder(19).Input("x", DataType.String, "rows", 2).Constant("scales", [2f, 1.5f], 2)
            .Node("Resize", ["x", "", "scales"], ["y"], ("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor")).Output("y", DataType.String, "resized", 3));
        using CompiledSession session = model.CreateSession();
        Assert.Equal(["a", "a", "b", "a", "a", "b", "c", "c", "d", "c", "c", "d"], Run(session, Tensor.Create(["a", "b", "c", "d"], 2, 2)).Texts.ToArray());
    }

    [Fact]
    public void TextsHaveNoMeans() => Assert.Contains("mode 'nearest' alone", _models.Refusal("LinearTexts", new OnnxModelBuilder(19).Input("x", DataType.String, 2, 2).Constant("scales", [2f, 2], 2)
        .Node("Resize", ["x", "", "scales"], ["y"], ("mode", "linear")).Output("y", DataType.String, 4, 4)), StringComparison.Ordinal);

    [Fact]
    public void FirstTileTakesFloatingPointNumbers()
    {
        using CompiledModel model = _models.Load("FirstTile", new OnnxModelBuilder(1).Input("x", 1, 2).Number("tiles", DataType.Float, 3, asNode: false).Number("axis", DataType.Float, 1, asNode: false)
            .Node("Tile", ["x", "tiles", "axis"], ["y"]).Output("y", 1, 6));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([1f, 2, 1, 2, 1, 2], Run(session, Tensor.Create([1f, 2], 1, 2)).AsSpan<float>().ToArray());
    }

    [Fact]
    public void ScalesArePaddedByThemselves()
    {
        using CompiledModel model = _models.Load("PaddedScales", new OnnxModelBuilder(24).Input("x", DataType.Float8E8M0, 3).Integers("pads", 1, 2).Node("Pad", ["x", "pads"], ["y"], ("mode", "reflect"))
            .Output("y", DataType.Float8E8M0, 6));
        using CompiledSession session = model.CreateSession();
        Assert.Equal([2, 1, 2, 3, 2, 1], Run(session, Tensor.FromBytes(ElementType.Float8E8M0, [1, 2, 3], 3)).Bytes.ToArray());
    }

    private static Tensor Run(CompiledSession session, Tensor x) => session.Run(new Dictionary<string, Tensor> { ["x"] = x })["y"];
}
