using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Models;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Generative;

/// <summary>SparseAttention against ONNX Runtime, whose past and present share their memory.</summary>
public sealed class SparseAttentionTests : IDisposable
{
    private const int HeadSize = 16, BlockSize = 16, Blocks = 4, Room = 56;

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    /// <summary>A layout a head group, prompts and later tokens, rows of different lengths, operands apart or packed, with rotation or without, constant layouts or not.</summary>
    [SkippableTheory]
    [InlineData("prompt", 4, 2, 2, 20, new[] { 20, 20 }, false, true, 0, true)]
    [InlineData("padded", 4, 4, 1, 40, new[] { 33, 40 }, false, false, 0, true)]
    [InlineData("packed", 4, 2, 4, 37, new[] { 37, 37 }, true, true, 0, true)]
    [InlineData("interleaved", 2, 1, 1, 9, new[] { 9 }, true, true, 1, true)]
    [InlineData("decode", 4, 2, 2, 1, new[] { 50, 19 }, false, true, 0, true)]
    [InlineData("several", 4, 2, 2, 5, new[] { 37, 52 }, true, true, 0, true)]
    [InlineData("open", 4, 2, 2, 33, new[] { 33, 33 }, false, false, 0, false)]
    [InlineData("half", 4, 2, 2, 18, new[] { 18, 18 }, false, true, 0, true)]
    [InlineData("halfdecode", 4, 2, 2, 1, new[] { 20, 40 }, true, true, 0, true)]
    public void AgreesWithOnnxRuntime(string name, int heads, int keyHeads, int layouts, int sequence, int[] lengths, bool isPacked, bool rotates, int interleaved, bool isConstant)
    {
        DataType type = name.StartsWith("half", StringComparison.Ordinal) ? DataType.Float16 : DataType.Float;
        int total = Math.Max(lengths.Max(), sequence);
        (int[] rows, int[] columns) = Layouts(layouts, heads + sequence);
        var inputs = new Dictionary<string, Tensor>();
        void Add(OnnxModelBuilder builder, string input, DataType element, Func<long[], Tensor> make, params long[] shape)
        {
            builder.Input(input, element, [.. shape.Cast<object>()]);
            inputs[input] = make(shape);
        }

        OnnxModelBuilder Build(bool keepsState, int batch, int sequence)
        {
            var builder = new OnnxModelBuilder();
            Tensor Numbers(string input, long[] shape) => Floats(type, OnnxModelBuilder.WeightValues(input, shape), shape);
            Add(builder, "q", type, shape => Numbers("q", shape), batch, sequence, (isPacked ? heads + (2 * keyHeads) : heads) * HeadSize);
            if (!isPacked)
            {
                Add(builder, "k", type, shape => Numbers("k", shape), batch, sequence, keyHeads * HeadSize);
                Add(builder, "v", type, shape => Numbers("v", shape), batch, sequence, keyHeads * HeadSize);
            }

            Add(builder, "pk", type, shape => Numbers("pk", shape), batch, keyHeads, Room, HeadSize);
            Add(builder, "pv", type, shape => Numbers("pv", shape), batch, keyHeads, Room, HeadSize);
            if (isConstant)
            {
                builder.Constant("rows", DataType.Int32, System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>(rows), layouts, Blocks + 1);
                builder.Constant("columns", DataType.Int32, System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>(columns), layouts, columns.Length / layouts);
            }
            else
            {
                Add(builder, "rows", DataType.Int32, shape => Tensor.Create(rows, shape), layouts, Blocks + 1);
                Add(builder, "columns", DataType.Int32, shape => Tensor.Create(columns, shape), layouts, columns.Length / layouts);
            }

            Add(builder, "total", DataType.Int32, shape => Tensor.Create([total], shape), 1);
            Add(builder, "lengths", DataType.Int32, shape => Tensor.Create(lengths[..batch], shape), batch);
            string[] tables = ["", ""];
            if (rotates)
            {
                tables = ["cos", "sin"];
                double Angle(int index) => index / 8 * Math.Pow(100, -(index % 8) / 8.0);
                Add(builder, "cos", type, shape => Floats(type, [.. Enumerable.Range(0, 64 * 8).Select(index => (float)Math.Cos(Angle(index)))], shape), 64, 8);
                Add(builder, "sin", type, shape => Floats(type, [.. Enumerable.Range(0, 64 * 8).Select(index => (float)Math.Sin(Angle(index)))], shape), 64, 8);
            }

            string[] past = ["pk", "pv"];
            if (!keepsState)
            {
                past = ["pk2", "pv2"];
                builder.Node("Neg", ["pk"], ["nk"]).Node("Neg", ["nk"], ["pk2"]).Node("Neg", ["pv"], ["nv"]).Node("Neg", ["nv"], ["pv2"]);
            }

            return builder.Node(
                "com.microsoft.SparseAttention",
                ["q", isPacked ? "" : "k", isPacked ? "" : "v", .. past, "rows", "columns", "total", "lengths", .. tables],
                ["y", "nextk", "nextv"],
                ("num_heads", heads), ("kv_num_heads", keyHeads), ("sparse_block_size", BlockSize), ("do_rotary", rotates), ("rotary_interleaved", interleaved), ("scale", 0.3f))
                .Output("y", type, batch, sequence, heads * HeadSize).Output("nextk", type, batch, keyHeads, Room, HeadSize).Output("nextv", type, batch, keyHeads, Room, HeadSize);
        }

        OnnxModelBuilder ours = Build(false, lengths.Length, sequence);
        var whole = new Dictionary<string, Tensor>(inputs);

        // Row by row and without padding: ONNX Runtime looks for the weights of shorter rows where those of the longest would be.
        Dictionary<string, Tensor>[] expected = [.. Enumerable.Range(0, lengths.Length).Select(row =>
        {
            int tokens = Math.Min(sequence, lengths[row]);
            OnnxModelBuilder theirs = Build(true, 1, tokens);
            Dictionary<string, Tensor> parts = inputs.ToDictionary(static input => input.Key, input => whole[input.Key].Shape[0] == lengths.Length && input.Key is "q" or "k" or "v" or "pk" or "pv"
                ? Tensor.FromBytes(input.Value.ElementType, whole[input.Key].Bytes.Slice(whole[input.Key].Bytes.Length / lengths.Length * row, input.Value.Bytes.Length), input.Value.Shape)
                : input.Value);
            parts["total"] = parts["lengths"] = Tensor.Create([lengths[row]], 1);
            return OnnxRuntimeOracle.Run(theirs, parts, ("nextk", "pk"), ("nextv", "pv"));
        })];
        using CompiledModel model = _models.Load($"Sparse{name}", ours);
        float[]? first = null;
        foreach (int threads in new[] { 1, 3 })
        {
            using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
            IReadOnlyDictionary<string, Tensor> actual = session.Run(whole);

            // Float16 sums in ONNX Runtime are rounded after every product.
            double tolerance = type == DataType.Float ? 2e-5 : 6e-3;
            for (int row = 0; row < lengths.Length; row++)
            {
                Compare(expected[row]["y"], 0, actual["y"], row * sequence * heads * HeadSize, Math.Min(sequence, lengths[row]) * heads * HeadSize, tolerance);
                for (int head = 0; head < keyHeads; head++)
                {
                    foreach (string present in new[] { "nextk", "nextv" })
                    {
                        // The row's keys, and the rest of the memory; between them padding may stand.
                        int start = head * Room * HeadSize, ourStart = ((row * keyHeads) + head) * Room * HeadSize, used = lengths[row] * HeadSize, rest = Math.Max(lengths[row], sequence) * HeadSize;
                        Compare(expected[row][present], start, actual[present], ourStart, used, tolerance);
                        Compare(expected[row][present], start + rest, actual[present], ourStart + rest, (Room * HeadSize) - rest, tolerance);
                    }
                }
            }

            float[] result = [.. TensorNumbers.Read(actual["y"].ElementType, actual["y"].Bytes).Select(static value => (float)value)];
            Assert.Equal(first ?? result, result);
            first = result;
        }
    }

    /// <summary>Past and present as the session's memory, token after token: the results are those of one long prompt.</summary>
    [Fact]
    public void TokensGoOnInTheSessionsCache()
    {
        const int Heads = 2, Tokens = 40;
        (int[] rows, int[] columns) = Layouts(1, 5);
        float[] x = OnnxModelBuilder.WeightValues("x", 1, Tokens, 3 * Heads * HeadSize);
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("q", 1, "sequence", 3 * Heads * HeadSize).Input("pk", 1, Heads, Room, HeadSize).Input("pv", 1, Heads, Room, HeadSize)
            .Constant("rows", DataType.Int32, System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>(rows), 1, Blocks + 1)
            .Constant("columns", DataType.Int32, System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>(columns), 1, columns.Length)
            .Input("total", DataType.Int32, 1).Input("lengths", DataType.Int32, 1)
            .Node("com.microsoft.SparseAttention", ["q", "", "", "pk", "pv", "rows", "columns", "total", "lengths"], ["y", "nextk", "nextv"], ("num_heads", Heads), ("kv_num_heads", Heads), ("sparse_block_size", BlockSize))
            .Output("y", 1, "sequence", Heads * HeadSize).Output("nextk", 1, Heads, Room, HeadSize).Output("nextv", 1, Heads, Room, HeadSize);
        using CompiledModel model = _models.Load("SparseSession", builder);
        Assert.NotEmpty(model.Description.States);
        float[] Run(CompiledSession session, int start, int count) => SmallModels.Run(
            session,
            "y",
            ("q", Tensor.Create(x[(start * 3 * Heads * HeadSize)..((start + count) * 3 * Heads * HeadSize)], 1, count, 3 * Heads * HeadSize)),
            ("total", Tensor.Create([start + count], 1)),
            ("lengths", Tensor.Create([start + count], 1)));
        using CompiledSession whole = model.CreateSession(), steps = model.CreateSession();
        float[] expected = Run(whole, 0, Tokens);
        float[] actual = [.. Run(steps, 0, 17), .. Enumerable.Range(17, Tokens - 17).SelectMany(token => Run(steps, token, 1))];
        Assert.Equal(expected, actual, static (left, right) => Math.Abs(left - right) < 1e-5);
    }

    [Theory]
    [InlineData("num_heads", 3, "does not fit 3 heads")]
    [InlineData("kv_num_heads", 0, "'kv_num_heads' must be positive")]
    [InlineData("sparse_block_size", 0, "'sparse_block_size' must be positive")]
    [InlineData("do_rotary", 1, "cos_cache")]
    public void RefusesAttributesThatDoNotFit(string attribute, int value, string reason)
    {
        var attributes = new Dictionary<string, object> { ["num_heads"] = 2, ["kv_num_heads"] = 2, ["sparse_block_size"] = 16 };
        attributes[attribute] = value;
        Assert.Contains(reason, Refusal($"Attribute{attribute}", [2, 5], [2, 3], Room, attributes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new long[] { 3, 5 }, new long[] { 3, 3 }, Room, "divide 2 heads")]
    [InlineData(new long[] { 1, 5 }, new long[] { 2, 3 }, Room, "block rows")]
    [InlineData(new long[] { 1, 3 }, new long[] { 1, 5 }, Room, "at most blocks² entries")]
    [InlineData(new long[] { 5 }, new long[] { 1, 5 }, Room, "with two axes")]
    [InlineData(new long[] { 1, 5 }, new long[] { 1, 5 }, 0, "input 4 has the shape")]
    public void RefusesShapesThatDoNotFit(long[] rows, long[] columns, int room, string reason) => Assert.Contains(
        reason,
        Refusal($"Shape{reason.Length}", rows, columns, room, new() { ["num_heads"] = 2, ["kv_num_heads"] = 2, ["sparse_block_size"] = 16 }),
        StringComparison.Ordinal);

    [Fact]
    public void RefusesRunsThatDoNotFitTheCache()
    {
        OnnxModelBuilder builder = Model([1, 5], [1, 5], Room, new() { ["num_heads"] = 2, ["kv_num_heads"] = 2, ["sparse_block_size"] = 16 });
        using CompiledModel model = _models.Load("SparseRoom", builder);
        using CompiledSession session = model.CreateSession();
        ArgumentException exception = Assert.ThrowsAny<ArgumentException>(() => session.Run(new Dictionary<string, Tensor>
        {
            ["q"] = new(ElementType.Float32, 1, 2, 16),
            ["k"] = new(ElementType.Float32, 1, 2, 16),
            ["v"] = new(ElementType.Float32, 1, 2, 16),
            ["pk"] = new(ElementType.Float32, 1, 2, Room, 8),
            ["pv"] = new(ElementType.Float32, 1, 2, Room, 8),
            ["rows"] = new(ElementType.Int32, 1, 5),
            ["columns"] = new(ElementType.Int32, 1, 5),
            ["total"] = Tensor.Create([60], 1),
            ["lengths"] = Tensor.Create([60], 1),
        }));
        Assert.Contains("60 keys", exception.Message, StringComparison.Ordinal);
    }

    private string Refusal(string name, long[] rows, long[] columns, int room, Dictionary<string, object> attributes) => _models.Refusal(name, Model(rows, columns, room, attributes));

    private static OnnxModelBuilder Model(long[] rows, long[] columns, int room, Dictionary<string, object> attributes) => new OnnxModelBuilder()
        .Input("q", 1, 2, 16).Input("k", 1, 2, 16).Input("v", 1, 2, 16).Input("pk", 1, 2, Room, 8).Input("pv", 1, 2, room, 8)
        .Input("rows", DataType.Int32, [.. rows.Cast<object>()]).Input("columns", DataType.Int32, [.. columns.Cast<object>()]).Input("total", DataType.Int32, 1).Input("lengths", DataType.Int32, 1)
        .Node("Neg", ["pk"], ["pk2"])
        .Node("com.microsoft.SparseAttention", ["q", "k", "v", "pk2", "pv", "rows", "columns", "total", "lengths"], ["y", "nextk", "nextv"], [.. attributes.Select(static pair => (pair.Key, pair.Value))])
        .Output("y", 1, 2, 16).Output("nextk", 1, 2, Room, 8).Output("nextv", 1, 2, Room, 8);

    /// <summary>Random layouts below the diagonal, which is always seen, as compressed rows; shorter ones are padded with -1.</summary>
    private static (int[] Rows, int[] Columns) Layouts(int count, int seed)
    {
        var random = new Random(seed);
        int[][][] layouts = [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, Blocks)
            .Select(row => Enumerable.Range(0, row + 1).Where(column => column == row || random.Next(2) == 0).ToArray()).ToArray())];
        int entries = layouts.Max(static layout => layout.Sum(static row => row.Length));
        int[] rows = [.. layouts.SelectMany(static layout => Enumerable.Range(0, Blocks + 1).Select(row => layout.Take(row).Sum(static columns => columns.Length)))];
        int[] columns = [.. layouts.SelectMany(layout => layout.SelectMany(static row => row).Concat(Enumerable.Repeat(-1, entries)).Take(entries))];
        return (rows, columns);
    }

    private static Tensor Floats(DataType type, float[] values, long[] shape) =>
        type == DataType.Float ? Tensor.Create(values, shape) : Tensor.Create<Half>([.. values.Select(static value => (Half)value)], shape);

    private static void Compare(Tensor expected, int expectedStart, Tensor actual, int actualStart, int count, double tolerance)
    {
        double[] left = TensorNumbers.Read(expected.ElementType, expected.Bytes), right = TensorNumbers.Read(actual.ElementType, actual.Bytes);
        for (int index = 0; index < count; index++)
        {
            Assert.Equal(left[expectedStart + index], right[actualStart + index], tolerance);
        }
    }
}
