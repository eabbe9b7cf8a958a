using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Models;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Generative;

/// <summary>Hashes of n-grams, convolutions and recurrences over rows that lie one after the other, token by token.</summary>
public sealed class PackedRecurrenceTests : IDisposable
{
    private static readonly int[] Lengths = [3, 1, 6];

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("Int64", false, false, false, false)]
    [InlineData("Int32", true, false, false, false)]
    [InlineData("Int64", true, true, false, true)]
    [InlineData("Int32", false, true, true, true)]
    [InlineData("Int64", true, false, true, false)]
    public void HashesOfNGramsAgree(string typeName, bool hasPast, bool hasEnd, bool hasSegments, bool hasOffsets)
    {
        const int Longest = 3, Heads = 2, Columns = 4, Batch = 2, Length = 6, History = Longest - 1;
        DataType type = Enum.Parse<DataType>(typeName);
        long[] ids = [.. Enumerable.Range(0, Batch * Length).Select(static index => (long)(index * index % 7))], past = [5, 3, 1, 6], multipliers = [2654435761, 40503, 11400714819323198], sizes = [11, 13, 17, 19], offsets = [100, 200, 300, 400];
        multipliers = type == DataType.Int32 ? [.. multipliers.Select(static value => (long)(int)value)] : multipliers;
        int[] segments = [0, 0, 1, 1, 1, 2, 4, 4, 4, 4, 5, 5];
        const long Pad = 9, End = 4;
        long fill = hasEnd ? End : Pad;
        OnnxModelBuilder builder = new();
        var inputs = new Dictionary<string, Tensor>();
        Tensor Whole(long[] values, params long[] shape) => type == DataType.Int64 ? Tensor.Create(values, shape) : Tensor.Create<int>([.. values.Select(static value => (int)value)], shape);
        string Add(string name, DataType element, Tensor tensor)
        {
            builder.Input(name, element, [.. tensor.Shape.ToArray().Cast<object>()]);
            inputs[name] = tensor;
            return name;
        }

        string[] tables = [Add("m", type, Whole(multipliers, Longest)), Add("sizes", type, Whole(sizes, Columns))];
        string offsetName = hasOffsets ? Add("offsets", type, Whole(offsets, Columns)) : "", end = hasEnd ? Add("end", type, Whole([End])) : "";
        string pastName = hasPast ? Add("past", type, Whole(past, Batch, History)) : "", segmentName = hasSegments ? Add("segments", DataType.Int32, Tensor.Create(segments, Batch, Length)) : "";
        (string, object)[] attributes = [("max_ngram_size", Longest), ("n_head_per_ngram", Heads), ("pad_id", Pad), ("reset_on_eos", hasEnd)];
        builder.Node("com.microsoft.NGramHashMapping", [Add("ids", type, Whole(ids, Batch, Length)), .. tables, pastName, offsetName, end, segmentName], ["y", "next"], attributes).Output("y", type, Batch, Length, Columns).Output("next", type, Batch, History);

        // The same rows one after the other, of which the second is shorter.
        const int Second = 4, Tokens = Length + Second;
        string flatSegments = hasSegments ? Add("flatsegments", DataType.Int32, Tensor.Create(segments[..Tokens], Tokens)) : "";
        builder.Node("com.microsoft.VarlenNGramHashMapping", [Add("flat", type, Whole(ids[..Tokens], Tokens)), .. tables, Add("ends", DataType.Int32, Tensor.Create([0, Length, Tokens], 3)), pastName, offsetName, end, flatSegments], hasSegments ? ["z", "znext", "zsegments"] : ["z", "znext"], attributes)
            .Output("z", type, Tokens, Columns).Output("znext", type, Batch, History);
        if (hasSegments)
        {
            builder.Output("zsegments", DataType.Int32, Batch, History);
        }

        Dictionary<string, double[]> results = Run($"Hashes{typeName}{hasPast}{hasEnd}{hasSegments}", builder, inputs);
        long Token(int row, int position) => position >= 0 ? ids[(row * Length) + position] : hasPast ? past[(row * History) + History + position] : fill;
        for (int row = 0; row < Batch; row++)
        {
            for (int position = 0; position < Length; position++)
            {
                long mix = 0;
                bool isHidden = false;
                for (int distance = 0; distance < Longest; distance++)
                {
                    int place = position - distance;
                    isHidden |= distance > 0 && ((hasEnd && Token(row, place) == End) || (hasSegments && place >= 0 && segments[(row * Length) + place] != segments[(row * Length) + place + 1]));
                    long product = unchecked((isHidden ? fill : Token(row, place)) * multipliers[distance]);
                    mix ^= type == DataType.Int32 ? (int)product : product;
                    for (int head = 0; distance > 0 && head < Heads; head++)
                    {
                        int column = ((distance - 1) * Heads) + head;
                        double expected = (((mix % sizes[column]) + sizes[column]) % sizes[column]) + (hasOffsets ? offsets[column] : 0);
                        Assert.Equal(expected, results["y"][(((row * Length) + position) * Columns) + column]);
                        if (row == 0 || position < Second)
                        {
                            Assert.Equal(expected, results["z"][(((row * Length) + position) * Columns) + column]);
                        }
                    }
                }
            }

            for (int slot = 0; slot < History; slot++)
            {
                Assert.Equal(Token(row, Length - History + slot), results["next"][(row * History) + slot]);
                int last = (row == 0 ? Length : Second) - History + slot;
                Assert.Equal(Token(row, last), results["znext"][(row * History) + slot]);
                if (hasSegments)
                {
                    Assert.Equal(segments[(row * Length) + last], results["zsegments"][(row * History) + slot]);
                }
            }
        }
    }

    [Theory]
    [InlineData(3, 1, "none", 0, "Float")]
    [InlineData(3, 2, "silu", 2, "Float")]
    [InlineData(1, 1, "swish", 8, "Float")]
    [InlineData(4, 1, "none", 0, "Float16")]
    public void ConvolutionsStayInTheirRows(int taps, int dilation, string activation, int capacity, string typeName)
    {
        const int Channels = 5;
        DataType type = Enum.Parse<DataType>(typeName);
        int tokens = Lengths.Sum(), rows = Lengths.Length, kept = (taps - 1) * dilation;
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", type, "tokens", Channels).Input("w", type, Channels, 1, taps).Input("ends", DataType.Int32, rows + 1).Input("b", type, Channels).Input("state", type, rows, Channels, kept).Input("counts", DataType.Int32, rows)
            .Node("com.microsoft.VarlenCausalConvWithState", ["x", "w", "ends", "b", "state", capacity > 0 ? "counts" : ""], capacity > 0 ? ["y", "next", "update"] : ["y", "next"], ("activation", activation), ("dilation", dilation), ("state_update_capacity", capacity))
            .Output("y", type, "tokens", Channels).Output("next", type, rows, Channels, kept);
        if (capacity > 0)
        {
            builder.Output("update", type, rows, capacity, Channels);
        }

        int[] counts = [2, 5, -1];
        var inputs = new Dictionary<string, Tensor>
        {
            ["x"] = Numbers(type, "x", tokens, Channels),
            ["w"] = Numbers(type, "w", Channels, 1, taps),
            ["ends"] = Ends(),
            ["b"] = Numbers(type, "b", Channels),
            ["state"] = Numbers(type, "state", rows, Channels, kept),
            ["counts"] = Tensor.Create(counts, rows),
        };
        Dictionary<string, double[]> results = Run($"Convolution{taps}{dilation}{typeName}", builder, inputs);
        double[] Read(string name) => TensorNumbers.Read(inputs[name].ElementType, inputs[name].Bytes);
        (double[] x, double[] w, double[] b, double[] state) = (Read("x"), Read("w"), Read("b"), Read("state"));
        int start = 0;
        for (int row = 0; row < rows; start += Lengths[row++])
        {
            int first = start;
            double At(int position, int channel) => position >= 0 ? x[((first + position) * Channels) + channel] : state[(((row * Channels) + channel) * kept) + kept + position];
            for (int channel = 0; channel < Channels; channel++)
            {
                for (int position = 0; position < Lengths[row]; position++)
                {
                    double sum = b[channel] + Enumerable.Range(0, taps).Sum(tap => w[(channel * taps) + tap] * At(position - ((taps - 1 - tap) * dilation), channel));
                    sum = activation == "none" ? sum : sum / (1 + Math.Exp(-sum));
                    Assert.Equal(sum, results["y"][((start + position) * Channels) + channel], type == DataType.Float ? 1e-6 : 3e-3);
                }

                for (int slot = 0; slot < kept; slot++)
                {
                    Assert.Equal(At(Lengths[row] - kept + slot, channel), results["next"][(((row * Channels) + channel) * kept) + slot]);
                }

                for (int slot = 0; slot < capacity; slot++)
                {
                    Assert.Equal(slot < Math.Min(counts[row], Lengths[row]) ? At(slot, channel) : 0, results["update"][(((row * capacity) + slot) * Channels) + channel]);
                }
            }
        }
    }

    [Theory]
    [InlineData("gated_delta", "packed", true, true, true)]
    [InlineData("gated_delta", "rows", false, false, true)]
    [InlineData("delta", "tokens", false, true, true)]
    [InlineData("gated", "packed", true, false, true)]
    [InlineData("linear", "packed", false, true, false)]
    public void DeltaNetworksAgree(string rule, string layout, bool isQwen, bool normalizes, bool hasState)
    {
        const int Heads = 2, ValueHeads = 4, Size = 4, ValueSize = 3;
        int[] lengths = layout == "packed" ? Lengths : [4, 4];
        int tokens = lengths.Sum(), rows = lengths.Length;
        bool gates = rule.StartsWith("gated", StringComparison.Ordinal), rates = rule.EndsWith("delta", StringComparison.Ordinal), isPacked = layout == "packed";
        long[] Shape(params long[] inner) => layout == "rows" ? [rows, 4, .. inner] : [tokens, .. inner];
        OnnxModelBuilder builder = new();
        var inputs = new Dictionary<string, Tensor>();
        string Add(string name, params long[] shape)
        {
            builder.Input(name, [.. shape.Cast<object>()]);
            inputs[name] = Numbers(DataType.Float, name, shape);
            return name;
        }

        string ends = "";
        if (isPacked)
        {
            ends = "ends";
            builder.Input(ends, DataType.Int32, rows + 1);
            inputs[ends] = Ends();
        }

        string[] names =
        [
            Add("q", Shape(Heads, Size)), Add("k", Shape(Heads, Size)), Add("v", Shape(ValueHeads, ValueSize)), ends, gates ? Add("g", Shape(ValueHeads)) : "", rates ? Add("b", Shape(ValueHeads)) : "",
            hasState ? Add("s", rows, ValueHeads, ValueSize, Size) : "", isQwen ? Add("a", ValueHeads) : "", isQwen ? Add("t", ValueHeads) : "",
        ];
        builder.Node("com.microsoft.GatedDeltaNet", names, ["y", "next"], ("update_rule", rule), ("gate_activation", isQwen ? "qwen" : "none"), ("beta_activation", isQwen ? "sigmoid" : "none"), ("qk_l2_norm", normalizes), ("scale", 0.7f))
            .Output("y", [.. Shape(ValueHeads, ValueSize).Cast<object>()]).Output("next", rows, ValueHeads, ValueSize, Size);
        Dictionary<string, double[]> results = Run($"Delta{rule}{layout}", builder, inputs);
        double[] Read(string name) => inputs.TryGetValue(name, out Tensor? tensor) ? TensorNumbers.Read(tensor.ElementType, tensor.Bytes) : [];
        (double[] q, double[] k, double[] v, double[] g, double[] b, double[] s, double[] a, double[] t) = (Read("q"), Read("k"), Read("v"), Read("g"), Read("b"), Read("s"), Read("a"), Read("t"));
        int start = 0;
        for (int row = 0; row < rows; start += lengths[row++])
        {
            for (int head = 0; head < ValueHeads; head++)
            {
                double[,] state = new double[Size, ValueSize];
                for (int index = 0; hasState && index < Size * ValueSize; index++)
                {
                    state[index % Size, index / Size] = s[(((row * ValueHeads) + head) * Size * ValueSize) + index];
                }

                for (int token = start; token < start + lengths[row]; token++)
                {
                    double[] Vector(double[] all)
                    {
                        double[] part = all[(((token * Heads) + (head / 2)) * Size)..(((token * Heads) + (head / 2) + 1) * Size)];
                        double length = normalizes ? Math.Sqrt(part.Sum(static value => value * value) + 1e-6) : 1;
                        return [.. part.Select(value => value / length)];
                    }

                    (double[] query, double[] key) = (Vector(q), Vector(k));
                    int entry = (token * ValueHeads) + head;
                    double decay = !gates ? 1 : Math.Exp(isQwen ? -Math.Exp(a[head]) * Math.Log(1 + Math.Exp(g[entry] + t[head])) : g[entry]);
                    double rate = !rates ? 1 : isQwen ? 1 / (1 + Math.Exp(-b[entry])) : b[entry];
                    for (int column = 0; column < ValueSize; column++)
                    {
                        double found = rates ? Enumerable.Range(0, Size).Sum(element => decay * state[element, column] * key[element]) : 0;
                        double result = 0;
                        for (int element = 0; element < Size; element++)
                        {
                            state[element, column] = (decay * state[element, column]) + (key[element] * rate * (v[(entry * ValueSize) + column] - found));
                            result += 0.7 * state[element, column] * query[element];
                        }

                        Assert.Equal(result, results["y"][(entry * ValueSize) + column], 1e-4 * (1 + Math.Abs(result)));
                    }
                }

                for (int index = 0; index < Size * ValueSize; index++)
                {
                    double expected = state[index % Size, index / Size];
                    Assert.Equal(expected, results["next"][(((row * ValueHeads) + head) * Size * ValueSize) + index], 1e-4 * (1 + Math.Abs(expected)));
                }
            }
        }
    }

    [Theory]
    [InlineData("max_ngram_size", 1, "n-grams of 2 tokens or more")]
    [InlineData("n_head_per_ngram", 3, "input 2 has the shape")]
    public void HashesThatDoNotFitAreRefused(string attribute, int value, string reason)
    {
        var attributes = new Dictionary<string, object> { ["max_ngram_size"] = 2, ["n_head_per_ngram"] = 2, ["pad_id"] = 0 };
        attributes[attribute] = value;
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("ids", DataType.Int64, 1, 4).Integers("m", 3, 5).Integers("sizes", 7, 11)
            .Node("com.microsoft.NGramHashMapping", ["ids", "m", "sizes"], ["y"], [.. attributes.Select(static pair => (pair.Key, pair.Value))]).Output("y", DataType.Int64, 1, 4, 2);
        Assert.Contains(reason, _models.Refusal($"HashRefused{attribute}", builder), StringComparison.Ordinal);
    }

    [Fact]
    public void UpdatesOfStatesAreRefused()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("q", 1, 4, 2, 4).Node("com.microsoft.GatedDeltaNet", ["q", "q", "q"], ["y"], ("update_rule", "linear"), ("state_update_capacity", 2)).Output("y", 1, 4, 2, 4);
        Assert.Contains("updates of the state", _models.Refusal("DeltaUpdates", builder), StringComparison.Ordinal);
    }

    private static Tensor Ends() => Tensor.Create([.. Enumerable.Range(0, Lengths.Length + 1).Select(static row => Lengths.Take(row).Sum())], Lengths.Length + 1);

    private static Tensor Numbers(DataType type, string name, params long[] shape)
    {
        float[] values = OnnxModelBuilder.WeightValues(name, shape);
        return type == DataType.Float ? Tensor.Create(values, shape) : Tensor.Create<Half>([.. values.Select(static value => (Half)value)], shape);
    }

    private Dictionary<string, double[]> Run(string name, OnnxModelBuilder builder, Dictionary<string, Tensor> inputs)
    {
        using CompiledModel model = _models.Load(name, builder);
        using CompiledSession session = model.CreateSession();
        return session.Run(inputs).ToDictionary(static result => result.Key, static result => TensorNumbers.Read(result.Value.ElementType, result.Value.Bytes));
    }
}
