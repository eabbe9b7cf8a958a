using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Compilation;

/// <summary>What runs read little or nothing of lies at the end of the weights, whatever the order of nodes; a model computes the same with it.</summary>
public sealed class WeightLayoutTests
{
    private const int Rows = 3000;
    private const int Columns = 256;
    private const int Outputs = 36000;

    /// <summary>3 MB are looked up, 37 MB are multiplied: enough to be read into memory while the table stays in the file.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ATableThatIsOnlyLookedUpLiesAtTheEnd(bool isReadAsAWholeToo)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(20)
            .Input("ids", DataType.Int64, "tokens").Output("y", "tokens", Outputs).Output("sum", 1, Columns)
            .Weight("table", Rows, Columns).Weight("matrix", Columns, Outputs).Integers("axes", 0)
            .Node("Gather", ["table", "ids"], ["rows"])
            .Node("MatMul", ["rows", "matrix"], ["y"])
            .Node("ReduceSum", [isReadAsAWholeToo ? "scaled" : "rows", "axes"], ["sum"]);
        if (isReadAsAWholeToo)
        {
            builder.Node("ReduceSum", ["rows", "axes"], ["rowSum"]).Node("Mul", ["table", "rowSum"], ["scaled"]);
        }

        using var folder = new TemporaryFolder();
        ModelCompilation compilation = ModelCompilation.Run("Lookup", builder.ToBytes(), "Lookup", folder.Path);
        GeneratedAssembly.Build([compilation]);
        Assert.True(compilation.Type is not null, compilation.Explain());
        using CompiledModel model = compilation.CreateModel();
        const long tableBytes = Rows * Columns * sizeof(float);
        Assert.Equal(isReadAsAWholeToo ? 0 : tableBytes, model.Description.ColdWeightBytes);
        if (!isReadAsAWholeToo)
        {
            Assert.Equal(tableBytes, compilation.Result!.Recipe!.Entries[^1].Bytes);
            Assert.Contains("of which hardly read by runs 2.93 MiB", model.Description.ToString(), StringComparison.Ordinal);
        }

        using CompiledSession session = model.CreateSession();
        long[] ids = [2999, 0, 1234];
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["ids"] = Tensor.Create(ids, [ids.Length]) });
        float[] table = OnnxModelBuilder.WeightValues("table", Rows, Columns);
        float[] matrix = OnnxModelBuilder.WeightValues("matrix", Columns, Outputs);
        foreach (int column in new[] { 0, 17, Outputs - 1 })
        {
            for (int token = 0; token < ids.Length; token++)
            {
                double expected = Enumerable.Range(0, Columns).Sum(index => (double)table[(ids[token] * Columns) + index] * matrix[(index * Outputs) + column]);
                Assert.Equal(expected, results["y"].AsSpan<float>()[(token * Outputs) + column], 1e-4);
            }
        }

        for (int column = 0; column < Columns; column += 51)
        {
            double rows = ids.Sum(id => (double)table[(id * Columns) + column]);
            double expected = isReadAsAWholeToo ? rows * Enumerable.Range(0, Rows).Sum(row => (double)table[(row * Columns) + column]) : rows;
            Assert.Equal(expected, results["sum"].AsSpan<float>()[column], 1e-3 * Math.Max(1, Math.Abs(expected)));
        }
    }

    /// <summary>A 3×3 convolution of 256 channels: Winograd's weights are computed at load, from 2.4 MB that no run reads again.</summary>
    [Fact]
    public void WeightsThatAreTransformedAtLoadLieAtTheEnd()
    {
        const int channels = 256;
        const int size = 14;
        OnnxModelBuilder builder = new OnnxModelBuilder(20)
            .Input("x", 1, channels, size, size).Output("y", 1, channels, size, size).Output("z", 1, channels, size, size)
            .Weight("w", channels, channels, 3, 3).Weight("factors", channels, 1, 1)
            .Node("Conv", ["x", "w"], ["y"], ("pads", new long[] { 1, 1, 1, 1 }))
            .Node("Mul", ["x", "factors"], ["z"]);
        using var folder = new TemporaryFolder();
        ModelCompilation compilation = ModelCompilation.Run("Transformed", builder.ToBytes(), "Transformed", folder.Path);
        GeneratedAssembly.Build([compilation]);
        Assert.True(compilation.Type is not null, compilation.Explain());
        using CompiledModel model = compilation.CreateModel();
        Assert.True(model.Description.PreparedBytes > 0);
        Assert.Equal(channels * channels * 9 * sizeof(float), model.Description.ColdWeightBytes);
        using CompiledSession session = model.CreateSession();
        float[] x = [.. Enumerable.Range(0, channels * size * size).Select(static index => (float)Math.Sin(index))];
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create(x, [1, channels, size, size]) });
        float[] weights = OnnxModelBuilder.WeightValues("w", channels, channels, 3, 3);
        foreach ((int channel, int row, int column) in new[] { (0, 0, 0), (255, 13, 13), (17, 5, 8) })
        {
            double expected = 0;
            for (int input = 0; input < channels; input++)
            {
                for (int tap = 0; tap < 9; tap++)
                {
                    (int y, int z) = (row + (tap / 3) - 1, column + (tap % 3) - 1);
                    if (y is >= 0 and < size && z is >= 0 and < size)
                    {
                        expected += (double)x[(((input * size) + y) * size) + z] * weights[(((channel * channels) + input) * 9) + tap];
                    }
                }
            }

            Assert.Equal(expected, results["y"].AsSpan<float>()[(((channel * size) + row) * size) + column], 1e-3 * Math.Max(1, Math.Abs(expected)));
        }
    }
}
