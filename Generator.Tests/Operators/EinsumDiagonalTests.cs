using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.Operators;

/// <summary>Einsum with a letter that stands twice in an operand, of known and open sizes.</summary>
public sealed class EinsumDiagonalTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("ii->", false)]
    [InlineData("ii->", true)]
    [InlineData("ii", true)]
    [InlineData("ii->i", true)]
    public void Traces_and_diagonals(string equation, bool isOpen)
    {
        object size = isOpen ? "n" : 3;
        using CompiledModel model = _models.Load($"Trace{equation.Length}{equation.EndsWith('i')}{isOpen}", new OnnxModelBuilder()
            .Input("x", size, size).Node("Einsum", ["x"], ["y"], ("equation", equation)).Output("y", equation.EndsWith("->i", StringComparison.Ordinal) ? [size] : []));
        using CompiledSession session = model.CreateSession();
        float[] y = SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 2, 3, 4, 5, 6, 7, 8, 10], 3, 3)));
        Assert.Equal(equation == "ii->i" ? [1, 5, 10] : [16], y);
    }

    /// <summary>Apart, three times, with an ellipsis, and in a product with another operand.</summary>
    [Theory]
    [InlineData("iji,j->i", false)]
    [InlineData("iji,j->i", true)]
    [InlineData("...iji,j->...i", false)]
    public void Diagonals_of_axes_apart(string equation, bool isOpen)
    {
        bool hasBatch = equation.StartsWith('.');
        object size = isOpen ? "n" : 3;
        using CompiledModel model = _models.Load($"Apart{hasBatch}{isOpen}", new OnnxModelBuilder()
            .Input("x", hasBatch ? [2, size, 4, size] : [size, 4, size]).Input("v", 4).Node("Einsum", ["x", "v"], ["y"], ("equation", equation)).Output("y", hasBatch ? [2, size] : [size]));
        using CompiledSession session = model.CreateSession();
        long[] shape = hasBatch ? [2, 3, 4, 3] : [3, 4, 3];
        float[] x = OnnxModelBuilder.WeightValues("x", shape), v = OnnxModelBuilder.WeightValues("v", 4);
        float[] y = SmallModels.Run(session, "y", ("x", Tensor.Create<float>(x, shape)), ("v", Tensor.Create<float>(v, 4)));
        for (int element = 0; element < y.Length; element++)
        {
            int i = element % 3, batch = element / 3;
            Assert.Equal(Enumerable.Range(0, 4).Sum(j => (double)x[(((((batch * 3) + i) * 4) + j) * 3) + i] * v[j]), y[element], 1e-6);
        }
    }

    [Fact]
    public void Sizes_that_differ_are_refused_or_errors()
    {
        Assert.Contains("Einsum", _models.Refusal("DiagonalRefused", new OnnxModelBuilder().Input("x", 2, 3).Node("Einsum", ["x"], ["y"], ("equation", "ii->i")).Output("y", 2)), StringComparison.Ordinal);
        Assert.Contains("twice in the result", _models.Refusal("TwiceRefused", new OnnxModelBuilder().Input("x", 2).Node("Einsum", ["x"], ["y"], ("equation", "i->ii")).Output("y", 2, 2)), StringComparison.Ordinal);
        using CompiledModel model = _models.Load("DiagonalOpen", new OnnxModelBuilder().Input("x", "a", "b").Node("Einsum", ["x"], ["y"], ("equation", "ii->i")).Output("y", "a"));
        using CompiledSession session = model.CreateSession();
        Assert.ThrowsAny<Exception>(() => SmallModels.Run(session, "y", ("x", new Tensor(ElementType.Float32, 2, 3))));
        Assert.Equal([1, 4], SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 2, 3, 4], 2, 2))));
    }
}
