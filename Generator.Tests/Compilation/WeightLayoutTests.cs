using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Compilation;

/// <summary>Tables that are only looked up lie at the end of the weights, whatever the order of nodes; a model computes the same with them.</summary>
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
        Assert.Equal(isReadAsAWholeToo ? 0 : tableBytes, model.Description.LookedUpWeightBytes);
        if (!isReadAsAWholeToo)
        {
            Assert.Equal(tableBytes, compilation.Result!.Recipe!.Entries[^1].Bytes);
            Assert.Contains("of which looked up by rows 2.93 MiB", model.Description.ToString(), StringComparison.Ordinal);
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
}
