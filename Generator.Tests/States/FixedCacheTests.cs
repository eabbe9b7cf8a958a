using Cameo.Sessions;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.States;

/// <summary>Caches of fixed shape that TensorScatter writes new tokens into, read by attention with lengths of rows.</summary>
public sealed class FixedCacheTests : IDisposable
{
    private const int Heads = 2;
    private const int Columns = 8;
    private const int Size = 4;

    private readonly StateModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void RowsOfDifferentLengthAreWrittenInPlace()
    {
        ModelCompilation compilation = _models.Compile(Model());
        using CompiledModel model = compilation.CreateModel();
        Assert.Equal(["past_key -> present_key", "past_value -> present_value"], model.Description.States.Select(static state => state.ToString().Split(':')[0]));
        Assert.DoesNotContain(compilation.Result!.Kernels, static kernel => kernel.Kind == "copy");
        using CompiledSession session = model.CreateSession(new SessionOptions { Batch = 2 });
        var reference = new Reference(2);
        Check(session, reference, 3, 0, 0);
        nint[] addresses = StateModels.Addresses(session);
        Assert.Equal([3, 3], session.Lengths.ToArray());

        // The second row had padding: its third token is replaced.
        Check(session, reference, 1, 3, 2);
        Assert.Equal([4, 3], session.Lengths.ToArray());
        Check(session, reference, 2, 4, 3);
        Assert.Equal(addresses, StateModels.Addresses(session));
        Tensor keys = session.ReadState("present_key");
        Assert.Equal([2, Heads, Columns, Size], keys.Shape.ToArray());
        Assert.Equal(reference.Keys, keys.AsSpan<float>().ToArray());
    }

    [Fact]
    public void ALoadedCacheIsAsLongAsItsPositionsSay()
    {
        using CompiledModel model = _models.Compile(Model()).CreateModel();
        using CompiledSession first = model.CreateSession();
        var reference = new Reference(1);
        Check(first, reference, 4, 0);
        using CompiledSession second = model.CreateSession();
        second.LoadState("past_key", first.ReadState("present_key"));
        second.LoadState("past_value", first.ReadState("present_value"));
        Check(second, reference, 1, 4);
        Assert.Equal([5], second.Lengths.ToArray());
    }

    [Fact]
    public void WhatDoesNotFitIsRefusedAndTheSessionGoesOn()
    {
        using CompiledModel model = _models.Compile(Model()).CreateModel();
        using CompiledSession session = model.CreateSession();
        var reference = new Reference(1);
        Check(session, reference, 6, 0);
        StateFullException full = Assert.Throws<StateFullException>(() => Run(session, 3, 6));
        Assert.Equal((Columns, 6, 3), (full.Capacity, full.Length, full.Requested));
        Assert.Throws<MaskContradictionException>(() => Run(session, 1, 7));
        Assert.Throws<MaskContradictionException>(() => Run(session, 1, -1));
        Check(session, reference, 2, 6);
    }

    [Fact]
    public void ForkRewindAndReset()
    {
        using CompiledModel model = _models.Compile(Model()).CreateModel();
        using CompiledSession session = model.CreateSession();
        var reference = new Reference(1);
        Check(session, reference, 4, 0);
        using CompiledSession fork = session.Fork();
        Assert.Equal([4], fork.Lengths.ToArray());
        Check(fork, reference.Copy(), 1, 4);
        session.Rewind(2);
        Assert.Equal([2], session.Lengths.ToArray());
        Assert.Throws<MaskContradictionException>(() => Run(session, 1, 3));
        Check(session, reference, 1, 2);
        session.Reset();
        Check(session, new Reference(1), 2, 0);
        Assert.All(session.ReadState("past_key").AsSpan<float>()[(2 * Size)..(Columns * Size)].ToArray(), static element => Assert.Equal(0, element));
    }

    [Theory]
    [InlineData("past_kv")]
    [InlineData("image")]
    public void ACacheWrittenByIndicesIsWrittenInPlace(string name)
    {
        using CompiledModel model = _models.Compile(new OnnxModelBuilder()
            .Input(name, 3, 2).Input("at", DataType.Int64, 1, 1).Input("x", 1, 2)
            .Node("ScatterND", [name, "at", "x"], ["present_kv"])
            .Node("Relu", ["present_kv"], ["y"])
            .Output("y", 3, 2).Output("present_kv", 3, 2)).CreateModel();
        if (name == "image")
        {
            Assert.Empty(model.Description.States);
            return;
        }

        using CompiledSession session = model.CreateSession();
        Scatter(session, 2, 1, -2);
        nint address = Assert.Single(StateModels.Addresses(session));
        Assert.Equal([3, 4, 0, 0, 1, 0], Scatter(session, 0, 3, 4));
        Assert.Equal([3, 4, 0, 0, 1, -2], session.ReadState("present_kv").AsSpan<float>().ToArray());
        Assert.Equal(address, Assert.Single(StateModels.Addresses(session)));

        static float[] Scatter(CompiledSession session, long at, params float[] x) => session.Run(new Dictionary<string, Tensor>
        {
            ["at"] = Tensor.Create<long>([at], 1, 1),
            ["x"] = Tensor.Create(x, 1, 2),
        })["y"].AsSpan<float>().ToArray();
    }

    [Theory]
    [InlineData("linear", new[] { 0f, 0, 7, 8, 0 })]
    [InlineData("circular", new[] { 0f, 0, 0, 7, 8 })]
    public void TensorScatterOfPlainValues(string mode, float[] expected)
    {
        using CompiledModel model = _models.Compile(
            new OnnxModelBuilder(opset: 24).Input("cache", 1, 5, 1).Input("update", 1, 2, 1).Input("at", DataType.Int64, 1)
                .Node("TensorScatter", ["cache", "update", "at"], ["y"], ("axis", 1), ("mode", mode))
                .Output("y", 1, 5, 1), "none").CreateModel();
        using CompiledSession session = model.CreateSession();
        Assert.Equal(expected, Scatter(session, mode == "linear" ? 2 : 3));
        if (mode == "linear")
        {
            Assert.Throws<IndexOutOfRangeException>(() => Scatter(session, 4));
        }
        else
        {
            Assert.Equal([8, 0, 0, 0, 7], Scatter(session, 4));
        }

        static float[] Scatter(CompiledSession session, long at) => session.Run(new Dictionary<string, Tensor>
        {
            ["cache"] = new Tensor(ElementType.Float32, 1, 5, 1),
            ["update"] = Tensor.Create<float>([7, 8], 1, 2, 1),
            ["at"] = Tensor.Create<long>([at], 1),
        })["y"].AsSpan<float>().ToArray();
    }

    private static OnnxModelBuilder Model() => new OnnxModelBuilder(opset: 24)
        .Input("query", "batch", Heads, "new", Size).Input("key", "batch", Heads, "new", Size).Input("value", "batch", Heads, "new", Size)
        .Input("at", DataType.Int64, "batch")
        .Input("past_key", "batch", Heads, Columns, Size).Input("past_value", "batch", Heads, Columns, Size)
        .Node("Shape", ["key"], ["new_tokens"], ("start", 2), ("end", 3))
        .Node("Add", ["at", "new_tokens"], ["lengths"])
        .Node("TensorScatter", ["past_key", "key", "at"], ["present_key"])
        .Node("TensorScatter", ["past_value", "value", "at"], ["present_value"])
        .Node("Attention", ["query", "present_key", "present_value", "", "", "", "lengths"], ["y"], ("is_causal", 1))
        .Output("y", "batch", Heads, "new", Size)
        .Output("present_key", "batch", Heads, Columns, Size).Output("present_value", "batch", Heads, Columns, Size);

    private static (Tensor Query, Tensor Key, Tensor Value, IReadOnlyDictionary<string, Tensor> Outputs) Run(CompiledSession session, int tokens, params long[] at)
    {
        var random = new Random(tokens + (int)at[0]);
        Tensor Make()
        {
            var tensor = new Tensor(ElementType.Float32, at.Length, Heads, tokens, Size);
            foreach (ref float element in tensor.AsSpan<float>())
            {
                element = (random.NextSingle() * 2) - 1;
            }

            return tensor;
        }

        (Tensor query, Tensor key, Tensor value) = (Make(), Make(), Make());
        return (query, key, value, session.Run(new Dictionary<string, Tensor>
        {
            ["query"] = query,
            ["key"] = key,
            ["value"] = value,
            ["at"] = Tensor.Create(at, at.Length),
        }));
    }

    private static void Check(CompiledSession session, Reference reference, int tokens, params long[] at)
    {
        (Tensor query, Tensor key, Tensor value, IReadOnlyDictionary<string, Tensor> outputs) = Run(session, tokens, at);
        double[] expected = reference.Attend(query.AsSpan<float>(), key.AsSpan<float>(), value.AsSpan<float>(), tokens, at);
        float[] actual = outputs["y"].AsSpan<float>().ToArray();
        Assert.Equal(expected.Length, actual.Length);
        for (int index = 0; index < expected.Length; index++)
        {
            Assert.Equal(expected[index], actual[index], 1e-5);
        }
    }

    /// <summary>Causal attention in double precision over caches [rows, heads, columns, size].</summary>
    private sealed class Reference(int rows)
    {
        public float[] Keys { get; private init; } = new float[rows * Heads * Columns * Size];

        private float[] Values { get; init; } = new float[rows * Heads * Columns * Size];

        public Reference Copy() => new(rows) { Keys = [.. Keys], Values = [.. Values] };

        public double[] Attend(ReadOnlySpan<float> query, ReadOnlySpan<float> key, ReadOnlySpan<float> value, int tokens, long[] at)
        {
            var output = new double[query.Length];
            for (int block = 0; block < rows * Heads; block++)
            {
                int position = (int)at[block / Heads];
                int cache = block * Columns * Size;
                key.Slice(block * tokens * Size, tokens * Size).CopyTo(Keys.AsSpan(cache + (position * Size)));
                value.Slice(block * tokens * Size, tokens * Size).CopyTo(Values.AsSpan(cache + (position * Size)));
                for (int token = 0; token < tokens; token++)
                {
                    int start = ((block * tokens) + token) * Size;
                    var weights = new double[position + token + 1];
                    for (int column = 0; column < weights.Length; column++)
                    {
                        double product = 0;
                        for (int element = 0; element < Size; element++)
                        {
                            product += (double)query[start + element] * Keys[cache + (column * Size) + element];
                        }

                        weights[column] = Math.Exp(product / Math.Sqrt(Size));
                    }

                    for (int element = 0; element < Size; element++)
                    {
                        output[start + element] = weights.Select((weight, column) => weight * Values[cache + (column * Size) + element]).Sum() / weights.Sum();
                    }
                }
            }

            return output;
        }
    }
}
