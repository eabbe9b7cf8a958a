using Cameo.Sessions;
using Cameo.Tests.Infrastructure;
using Xunit;

namespace Cameo.Tests.States;

/// <summary>Keys and values that a decoder only reads: loaded once, kept from run to run, passed on without a copy.</summary>
public sealed class KeptTensorTests : IDisposable
{
    private readonly StateModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AreLoadedOnceAndStay(bool isPassedOn)
    {
        using CompiledModel model = _models.Compile(Model(isPassedOn)).CreateModel();
        Assert.Equal(["past_key", "past_value"], model.Description.States.Select(static state => state.InputName));
        using CompiledSession session = model.CreateSession();
        Assert.Equal("past_key", Assert.Throws<StateNotLoadedException>(() => Run(session)).Input);
        Tensor keys = Tensor.Create<float>([1, 0, 0, 1], 1, 1, 2, 2);
        Tensor values = Tensor.Create<float>([1, 2, 3, 4], 1, 1, 2, 2);
        session.LoadState("past_key", keys);
        session.LoadState("past_value", values);
        float[] first = Run(session);
        nint[] addresses = StateModels.Addresses(session);

        // Query (1, 0): weights e^(1/√2) and 1.
        double weight = Math.Exp(1 / Math.Sqrt(2));
        Assert.Equal([(weight + 3) / (weight + 1), ((2 * weight) + 4) / (weight + 1)], first.Select(static element => (double)element), static (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal(first, Run(session));
        Assert.Equal(addresses, StateModels.Addresses(session));
        session.Rewind(0);
        Assert.Equal(first, Run(session));
        using CompiledSession fork = session.Fork();
        Assert.Equal(first, Run(fork));
        session.Reset();
        Assert.Throws<StateNotLoadedException>(() => Run(session));

        IReadOnlyDictionary<string, Tensor> outputs = session.Run(new Dictionary<string, Tensor> { ["query"] = Query(), ["past_key"] = keys, ["past_value"] = values });
        Assert.Equal(isPassedOn, outputs.ContainsKey("present_key"));
        if (isPassedOn)
        {
            Assert.Equal(values.AsSpan<float>().ToArray(), outputs["present_value"].AsSpan<float>().ToArray());
        }
    }

    private static Tensor Query() => Tensor.Create<float>([1, 0], 1, 1, 1, 2);

    private static float[] Run(CompiledSession session) => session.Run(new Dictionary<string, Tensor> { ["query"] = Query() })["y"].AsSpan<float>().ToArray();

    private static OnnxModelBuilder Model(bool isPassedOn)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(opset: 23)
            .Input("query", 1, 1, 1, 2).Input("past_key", 1, 1, "frames", 2).Input("past_value", 1, 1, "frames", 2)
            .Node("Attention", ["query", "past_key", "past_value"], ["y"])
            .Output("y", 1, 1, 1, 2);
        return !isPassedOn ? builder : builder
            .Node("Identity", ["past_key"], ["present_key"]).Node("Identity", ["past_value"], ["present_value"])
            .Output("present_key", 1, 1, "frames", 2).Output("present_value", 1, 1, "frames", 2);
    }
}
