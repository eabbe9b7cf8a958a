using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.ControlFlow;

/// <summary>Scan of opset 8: batches, lengths of sequences, directions.</summary>
public sealed class BatchedScanTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    /// <summary>Sums so far, and what came before; from a sequence's length on sums stay and results are 0.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Sequences_of_a_batch_are_scanned(bool hasLengths, bool isBackwards)
    {
        OnnxModelBuilder body = new OnnxModelBuilder(opset: 8).Input("sum", 2).Input("next", 2)
            .Node("Add", ["sum", "next"], ["total"]).Node("Add", ["total", "bias"], ["result"]).Output("total", 2).Output("result", 2);
        using CompiledModel model = _models.Load($"Batched{hasLengths}{isBackwards}", new OnnxModelBuilder(opset: 8)
            .Constant("bias", [0.5f, 0.25f], 2).Input("lengths", DataType.Int64, "n").Input("initial", "n", 2).Input("x", "n", "steps", 2)
            .Node("Scan", [hasLengths ? "lengths" : "", "initial", "x"], ["last", "all"], ("num_scan_inputs", 1), ("directions", new long[] { isBackwards ? 1 : 0 }), ("body", body))
            .Output("last", "n", 2).Output("all", "n", "steps", 2));
        using CompiledSession session = model.CreateSession();
        float[] initial = [1, 2, 3, 4, 5, 6], x = [.. Enumerable.Range(1, 24).Select(static value => (float)value)];
        long[] lengths = hasLengths ? [4, 0, 2] : [4, 4, 4];
        IReadOnlyDictionary<string, Tensor> results = session.Run(new Dictionary<string, Tensor>
        {
            ["lengths"] = Tensor.Create<long>(lengths, 3),
            ["initial"] = Tensor.Create<float>(initial, 3, 2),
            ["x"] = Tensor.Create<float>(x, 3, 4, 2),
        });
        for (int row = 0; row < 3; row++)
        {
            for (int column = 0; column < 2; column++)
            {
                float sum = initial[(row * 2) + column];
                for (int step = 0; step < 4; step++)
                {
                    bool isActive = step < lengths[row];
                    sum += isActive ? x[(((row * 4) + (isBackwards ? (int)lengths[row] - 1 - step : step)) * 2) + column] : 0;
                    Assert.Equal(isActive ? sum + (column == 0 ? 0.5f : 0.25f) : 0, results["all"].AsSpan<float>()[(((row * 4) + step) * 2) + column]);
                }

                Assert.Equal(sum, results["last"].AsSpan<float>()[(row * 2) + column]);
            }
        }
    }

    [Fact]
    public void A_body_that_does_not_fit_is_refused()
    {
        OnnxModelBuilder body = new OnnxModelBuilder(opset: 8).Input("next", 2).Node("Relu", ["next"], ["result"]).Output("result", 2);
        string refusal = _models.Refusal("BatchedRefused", new OnnxModelBuilder(opset: 8).Input("initial", 1, 2).Input("x", 1, 3, 2)
            .Node("Scan", ["", "initial", "x"], ["last", "all"], ("num_scan_inputs", 1), ("body", body)).Output("last", 1, 2).Output("all", 1, 3, 2));
        Assert.Contains("Scan", refusal, StringComparison.Ordinal);
    }
}
