using System.Runtime.InteropServices;
using Cameo.Tests.Infrastructure;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Generative.TextSearch;

/// <summary>
/// A small decoder with random weights, as the graph that a search takes and as plain arithmetic in double precision: embeddings of tokens and positions, layers of causal attention under a mask of
/// padding and of a feed-forward network, scores of tokens.
/// </summary>
internal sealed class DecoderModel
{
    public const int Vocabulary = 17, Heads = 2, Size = 4, Hidden = Heads * Size, Positions = 40, Layers = 2;

    private readonly string _name;
    private readonly DataType _type;
    private readonly Dictionary<string, (float[] Values, long[] Shape)> _weights = [];

    public DecoderModel(string name = "gpt", DataType type = DataType.Float)
    {
        _name = name;
        _type = type;
        Weight("tokens", Vocabulary, Hidden);
        Weight("positions", Positions, Hidden);
        Weight("out", Hidden, Vocabulary);
        for (int layer = 0; layer < Layers; layer++)
        {
            Weight($"qkv{layer}", Hidden, 3 * Hidden);
            Weight($"bias{layer}", 3 * Hidden);
            Weight($"up{layer}", Hidden, 2 * Hidden);
            Weight($"down{layer}", 2 * Hidden, Hidden);
        }
    }

    /// <summary>The graph, with attention in com.microsoft's operator or in primitive ones.</summary>
    public OnnxModelBuilder Graph(bool contrib = true)
    {
        OnnxModelBuilder body = new OnnxModelBuilder()
            .Input("input_ids", DataType.Int32, "batch", "length").Input("position_ids", DataType.Int32, "batch", "length").Input("attention_mask", DataType.Int32, "batch", "total");
        for (int layer = 0; layer < Layers; layer++)
        {
            body.Input($"past_{layer}", _type, 2, "batch", Heads, "past", Size);
        }

        foreach ((string name, (float[] values, long[] shape)) in _weights)
        {
            _ = _type == DataType.Float ? body.Constant(name, values, shape) : body.Constant(name, _type, MemoryMarshal.AsBytes<Half>([.. values.Select(static value => (Half)value)]), shape);
        }

        body.Node("Gather", ["tokens", "input_ids"], ["x_tokens"]).Node("Gather", ["positions", "position_ids"], ["x_positions"]).Node("Add", ["x_tokens", "x_positions"], ["x0"]);
        if (!contrib)
        {
            Mask(body);
        }

        for (int layer = 0; layer < Layers; layer++)
        {
            if (contrib)
            {
                body.Node("com.microsoft.Attention", [$"x{layer}", $"qkv{layer}", $"bias{layer}", "attention_mask", $"past_{layer}"], [$"mixed{layer}", $"present_{layer}"], ("num_heads", Heads), ("unidirectional", 1));
            }
            else
            {
                Attend(body, layer);
            }

            body.Node("Add", [$"x{layer}", $"mixed{layer}"], [$"inner{layer}"]).Node("MatMul", [$"inner{layer}", $"up{layer}"], [$"wide{layer}"]).Node("Tanh", [$"wide{layer}"], [$"bent{layer}"])
                .Node("MatMul", [$"bent{layer}", $"down{layer}"], [$"narrow{layer}"]).Node("Add", [$"inner{layer}", $"narrow{layer}"], [$"x{layer + 1}"]);
        }

        body.Node("MatMul", [$"x{Layers}", "out"], ["logits"]).Output("logits", _type, "batch", "length", Vocabulary);
        for (int layer = 0; layer < Layers; layer++)
        {
            body.Output($"present_{layer}", _type, 2, "batch", Heads, "total", Size);
        }

        return body;
    }

    /// <summary>Scores of the token behind a sequence, of which the first tokens are masked as given.</summary>
    public double[] Scores(IReadOnlyList<int> tokens, IReadOnlyList<int> mask, IReadOnlyList<int> positions)
    {
        double[][] x = [.. tokens.Select((token, index) => Row("tokens", token).Zip(Row("positions", positions[index]), static (left, right) => left + right).ToArray())];
        for (int layer = 0; layer < Layers; layer++)
        {
            double[][] qkv = [.. x.Select(row => Product(row, $"qkv{layer}").Zip(Row($"bias{layer}", 0), static (left, right) => left + right).ToArray())];
            x = [.. x.Select((row, query) =>
            {
                double[] inner = [.. row];
                for (int head = 0; head < Heads; head++)
                {
                    double[] weights = [.. Enumerable.Range(0, query + 1).Select(key => Math.Exp(Enumerable.Range(0, Size)
                        .Sum(index => qkv[query][(head * Size) + index] * qkv[key][Hidden + (head * Size) + index]) / Math.Sqrt(Size) - (mask[key] == 0 ? 10000 : 0)))];
                    double sum = weights.Sum();
                    for (int index = 0; index < Size; index++)
                    {
                        // A token of padding before the text sees nothing; what it gives is masked for all others.
                        inner[(head * Size) + index] += sum == 0 ? 0 : weights.Select((weight, key) => weight * qkv[key][(2 * Hidden) + (head * Size) + index]).Sum() / sum;
                    }
                }

                double[] bent = [.. Product(inner, $"up{layer}").Select(Math.Tanh)];
                return inner.Zip(Product(bent, $"down{layer}"), static (left, right) => left + right).ToArray();
            })];
        }

        return Product(x[^1], "out");
    }

    private void Mask(OnnxModelBuilder body) => body
        .Integers("first", 0).Integers("second", 1).Integers("last", -1).Integer("zero", 0).Integer("one", 1).Integers("axes", 1, 2).Integers("behind", 1).Number("lowest", _type, -10000, false)
        .Number("half", _type, 0.5, false).Integers("apart", 0, 0, 3 * Heads, Size).Integers("three", Heads, Heads, Heads).Integers("merged", 0, 0, Hidden).Number("nothing", _type, 0, false)
        .Node("Shape", ["input_ids"], ["ids_shape"]).Node("Gather", ["ids_shape", "one"], ["length_number"]).Node("Shape", ["attention_mask"], ["mask_shape"]).Node("Gather", ["mask_shape", "one"], ["total_number"])
        .Node("Sub", ["total_number", "length_number"], ["past_number"]).Node("Range", ["past_number", "total_number", "one"], ["rows"]).Node("Unsqueeze", ["rows", "behind"], ["row_column"])
        .Node("Range", ["zero", "total_number", "one"], ["columns"]).Node("LessOrEqual", ["columns", "row_column"], ["causal"])
        .Node("Cast", ["attention_mask"], ["seen_flat"], ("to", (int)DataType.Bool)).Node("Unsqueeze", ["seen_flat", "axes"], ["seen"]).Node("And", ["causal", "seen"], ["allowed"])
        .Node("Where", ["allowed", "nothing", "lowest"], ["bias"]);

    private static void Attend(OnnxModelBuilder body, int layer) => body
        .Node("MatMul", [$"x{layer}", $"qkv{layer}"], [$"product{layer}"]).Node("Add", [$"product{layer}", $"bias{layer}"], [$"joined{layer}"]).Node("Reshape", [$"joined{layer}", "apart"], [$"heads{layer}"])
        .Node("Transpose", [$"heads{layer}"], [$"by_head{layer}"], ("perm", new long[] { 0, 2, 1, 3 })).Node("Split", [$"by_head{layer}", "three"], [$"q{layer}", $"k{layer}", $"v{layer}"], ("axis", 1))
        .Node("Gather", [$"past_{layer}", "zero"], [$"past_key{layer}"]).Node("Gather", [$"past_{layer}", "one"], [$"past_value{layer}"])
        .Node("Concat", [$"past_key{layer}", $"k{layer}"], [$"keys{layer}"], ("axis", 2)).Node("Concat", [$"past_value{layer}", $"v{layer}"], [$"values{layer}"], ("axis", 2))
        .Node("Unsqueeze", [$"keys{layer}", "first"], [$"keys_out{layer}"]).Node("Unsqueeze", [$"values{layer}", "first"], [$"values_out{layer}"])
        .Node("Concat", [$"keys_out{layer}", $"values_out{layer}"], [$"present_{layer}"], ("axis", 0))
        .Node("Transpose", [$"keys{layer}"], [$"turned{layer}"], ("perm", new long[] { 0, 1, 3, 2 })).Node("MatMul", [$"q{layer}", $"turned{layer}"], [$"dots{layer}"])
        .Node("Mul", [$"dots{layer}", "half"], [$"scaled{layer}"]).Node("Add", [$"scaled{layer}", "bias"], [$"biased{layer}"]).Node("Softmax", [$"biased{layer}"], [$"shares{layer}"], ("axis", -1))
        .Node("MatMul", [$"shares{layer}", $"values{layer}"], [$"parts{layer}"]).Node("Transpose", [$"parts{layer}"], [$"rows{layer}"], ("perm", new long[] { 0, 2, 1, 3 }))
        .Node("Reshape", [$"rows{layer}", "merged"], [$"mixed{layer}"]);

    private void Weight(string name, params long[] shape) => _weights.Add(name, ([.. OnnxModelBuilder.WeightValues($"{_name}/{name}", shape).Select(value => _type == DataType.Float ? value : (float)(Half)value)], shape));

    private double[] Row(string name, int row)
    {
        (float[] values, long[] shape) = _weights[name];
        return [.. values.Skip(row * (int)shape[^1]).Take((int)shape[^1]).Select(static value => (double)value)];
    }

    private double[] Product(double[] row, string name)
    {
        (float[] values, long[] shape) = _weights[name];
        int columns = (int)shape[1];
        return [.. Enumerable.Range(0, columns).Select(column => row.Select((value, index) => value * values[(index * columns) + column]).Sum())];
    }
}
