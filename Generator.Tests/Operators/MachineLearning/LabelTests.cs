using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.MachineLearning;

/// <summary>LabelEncoder, CategoryMapper, OneHotEncoder.</summary>
public sealed class LabelTests : IDisposable
{
    private static readonly string[] Names = ["b", "zebra", "", "b", "unheard of"];

    private readonly MachineLearningModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void Numbers_to_numbers()
    {
        float[] x = [1, 2, float.NaN, 0, -0f, 3];
        (string, object)[] table = [("keys_floats", new[] { 1f, 1, float.NaN, 0 }), ("values_floats", new[] { 5f, 6, 7, 8 })];
        Assert.Equal([5, -0f, 7, 8, 8, -0f], Run(4, DataType.Float, DataType.Float, Tensor.Create(x, 6), table).AsSpan<float>().ToArray());
        Assert.Equal([5, -0f, -0f, 8, 8, -0f], Run(2, DataType.Float, DataType.Float, Tensor.Create(x, 6), table).AsSpan<float>().ToArray());
        Assert.Equal(
            [(1L << 60) + 1, -1, (1L << 60) + 3],
            Run(2, DataType.Int64, DataType.Int64, Tensor.Create([7L, 8, -9], 3), ("keys_int64s", new long[] { 7, -9 }), ("values_int64s", new[] { (1L << 60) + 1, (1L << 60) + 3 })).AsSpan<long>().ToArray());
    }

    [Fact]
    public void Tables_in_tensors()
    {
        Assert.Equal(
            [0.5, -7, 0.25],
            Run(
                4,
                DataType.Int16,
                DataType.Double,
                Tensor.Create([(short)3, (short)4, (short)-3], 3),
                ("keys_tensor", MachineLearningModels.Vector<short>(DataType.Int16, 3, -3)),
                ("values_tensor", MachineLearningModels.Vector(DataType.Double, 0.5, 0.25)),
                ("default_tensor", MachineLearningModels.Vector(DataType.Double, -7.0))).AsSpan<double>().ToArray());
        long[] keys = [.. Enumerable.Range(0, 5000).Select(static index => (long)((index * 7919) % 65521))];
        Assert.Equal(
            [4999, 0, -1],
            Run(
                4,
                DataType.Int64,
                DataType.Int32,
                Tensor.Create([keys[4999], keys[0], -5], 3),
                ("keys_tensor", MachineLearningModels.Vector(DataType.Int64, keys)),
                ("values_tensor", MachineLearningModels.Vector(DataType.Int32, [.. Enumerable.Range(0, 5000)]))).AsSpan<int>().ToArray());
    }

    [Fact]
    public void Strings_in_both_directions()
    {
        Assert.Equal(
            [2, 9, 1, 2, 9],
            Run(2, DataType.String, DataType.Int64, Tensor.Create(Names, 5), ("keys_strings", new[] { "", "b" }), ("values_int64s", new long[] { 1, 2 }), ("default_int64", 9L)).AsSpan<long>().ToArray());
        Assert.Equal(
            ["two", "_Unused", "one"],
            Run(2, DataType.Float, DataType.String, Tensor.Create([2f, 3, 1], 3), ("keys_floats", new[] { 1f, 2 }), ("values_strings", new[] { "one", "two" })).Texts.ToArray());
        Assert.Equal(
            ["x", "none", "y", "x", "none"],
            Run(4, DataType.String, DataType.String, Tensor.Create(Names, 5), ("keys_strings", new[] { "b", "" }), ("values_strings", new[] { "x", "y" }), ("default_string", "none")).Texts.ToArray());
        Assert.Equal([1, -1, -1, 1, 0], Run(1, DataType.String, DataType.Int64, Tensor.Create(Names, 5), ("classes_strings", new[] { "unheard of", "b" })).AsSpan<long>().ToArray());
        Assert.Equal(["p", "?", "q"], Run(1, DataType.Int64, DataType.String, Tensor.Create([0L, 2, 1], 3), ("classes_strings", new[] { "p", "q" }), ("default_string", "?")).Texts.ToArray());
    }

    [Fact]
    public void Categories()
    {
        (string, object)[] table = [("cats_strings", new[] { "b", "" }), ("cats_int64s", new long[] { 20, 10 }), ("default_string", "?"), ("default_int64", 0L)];
        Assert.Equal([20, 0, 10, 20, 0], _models.Run(Model("CategoryMapper", 1, DataType.String, DataType.Int64, table), Tensor.Create(Names, 5))["a"].AsSpan<long>().ToArray());
        Assert.Equal(["", "b", "?"], _models.Run(Model("CategoryMapper", 1, DataType.Int64, DataType.String, table), Tensor.Create([10L, 20, 30], 3))["a"].Texts.ToArray());
        Assert.Contains("2 strings and 1 integers", _models.Refusal(Model("CategoryMapper", 1, DataType.Int64, DataType.String, ("cats_strings", new[] { "b", "" }), ("cats_int64s", new long[] { 20 }))));
    }

    [Fact]
    public void One_hot()
    {
        Assert.Equal(
            [0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0],
            _models.Run(OneHot(DataType.Float, ("cats_int64s", new long[] { 1, 2, 1 })), Tensor.Create([1.5f, 2, 3, float.NaN], 4))["a"].AsSpan<float>().ToArray());
        Assert.Equal(
            [1, 0, 0, 0, 0, 1, 1, 0, 0, 0],
            _models.Run(OneHot(DataType.String, ("cats_strings", new[] { "b", "" })), Tensor.Create(Names, 5))["a"].AsSpan<float>().ToArray());
        var error = Assert.Throws<ArgumentException>(() => _models.Run(OneHot(DataType.Int64, ("cats_int64s", new long[] { 1, 2 }), ("zeros", 0L)), Tensor.Create([1L, 3], 2)));
        Assert.Contains("element 1 is none of the 2 categories", error.Message);
        Assert.Contains("looked for in 'cats_strings' alone", _models.Refusal(OneHot(DataType.String, ("cats_int64s", new long[] { 1, 2 }))));
    }

    [Fact]
    public void Tables_that_do_not_fit_are_refused()
    {
        Assert.Contains("2 keys and 1 values", _models.Refusal(Model("LabelEncoder", 2, DataType.Int64, DataType.Float, ("keys_int64s", new long[] { 1, 2 }), ("values_floats", new[] { 1f }))));
        Assert.Contains("the keys are", _models.Refusal(Model("LabelEncoder", 2, DataType.Float, DataType.Float, ("keys_int64s", new long[] { 1 }), ("values_floats", new[] { 1f }))));
        Assert.Contains("there are 2 lists of values", _models.Refusal(Model(
            "LabelEncoder", 2, DataType.Int64, DataType.Float, ("keys_int64s", new long[] { 1 }), ("values_floats", new[] { 1f }), ("values_int64s", new long[] { 1 }))));
    }

    private static OnnxModelBuilder Model(string type, int version, DataType from, DataType to, params (string Name, object Value)[] attributes) =>
        MachineLearningModels.Build(type, version, [(from, ["n"])], [(to, 1)], attributes);

    private static OnnxModelBuilder OneHot(DataType from, params (string Name, object Value)[] attributes) =>
        MachineLearningModels.Build("OneHotEncoder", 1, [(from, ["n"])], [(DataType.Float, 2)], attributes);

    private Tensor Run(int version, DataType from, DataType to, Tensor x, params (string Name, object Value)[] attributes) =>
        _models.Run(Model("LabelEncoder", version, from, to, attributes), x)["a"];
}
