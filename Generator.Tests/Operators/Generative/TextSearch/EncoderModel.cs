using Cameo.Tests.Infrastructure;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Generative.TextSearch;

/// <summary>
/// A small encoder and decoder with random weights: as the graphs that a beam search takes, and as plain arithmetic in double precision. The encoder reads tokens (as T5) or columns of features (as
/// Whisper); the decoder attends to itself and to what the encoder gives.
/// </summary>
internal sealed class EncoderModel
{
    public const int Vocabulary = 13, Heads = 2, Size = 3, Hidden = Heads * Size, Features = 4, Layers = 2;

    private readonly Dictionary<string, (float[] Values, long[] Shape)> _weights = [];
    private readonly bool _hears;
    private readonly int _vocabulary;

    public EncoderModel(bool hears, int vocabulary = Vocabulary)
    {
        _hears = hears;
        _vocabulary = vocabulary;
        Weight("source", hears ? Features : vocabulary, Hidden);
        Weight("encode", Hidden, Hidden);
        Weight("tokens", vocabulary, Hidden);
        Weight("out", Hidden, vocabulary);
        for (int layer = 0; layer < Layers; layer++)
        {
            foreach (string name in (string[])["q", "k", "v", "o", "cq", "ck", "cv"])
            {
                Weight($"{name}{layer}", Hidden, Hidden);
            }
        }
    }

    /// <summary>The encoder, with the decoder's first step or without it.</summary>
    public OnnxModelBuilder Encoder(bool withFirstStep)
    {
        OnnxModelBuilder body = Start();
        if (_hears)
        {
            body.Input("encoder_input_ids", "batch", Features, "frames").Node("Transpose", ["encoder_input_ids"], ["columns_in"], ("perm", new long[] { 0, 2, 1 })).Node("MatMul", ["columns_in", "source"], ["source_rows"]);
        }
        else
        {
            body.Input("encoder_input_ids", DataType.Int32, "batch", "frames").Input("encoder_attention_mask", DataType.Int32, "batch", "frames").Node("Gather", ["source", "encoder_input_ids"], ["source_rows"]);
        }

        body.Node("MatMul", ["source_rows", "encode"], ["encoded"]).Node("Tanh", ["encoded"], ["encoder_hidden_states"]);
        for (int layer = 0; layer < Layers; layer++)
        {
            Project(body, "encoder_hidden_states", $"ck{layer}", $"present_key_cross_{layer}");
            Project(body, "encoder_hidden_states", $"cv{layer}", $"present_value_cross_{layer}");
        }

        if (withFirstStep)
        {
            body.Input("decoder_input_ids", DataType.Int32, "batch", "begin");
            Decode(body, null, "present", "encoder_attention_mask", "decoder_input_ids");
            body.Output("logits", "batch", "begin", _vocabulary).Output("encoder_hidden_states", "batch", "frames", Hidden);
            Caches(body, "present", "self", isInput: false, "begin");
        }

        Caches(body, "present", "cross", isInput: false, "frames");
        return body;
    }

    /// <summary>The decoder of one step.</summary>
    public OnnxModelBuilder Decoder(bool readsStates, bool readsAllTokens = false)
    {
        OnnxModelBuilder body = Start().Input("input_ids", DataType.Int32, "batch", readsAllTokens ? "length" : 1);
        if (!_hears)
        {
            body.Input("encoder_attention_mask", DataType.Int32, "batch", "frames");
        }

        if (readsStates)
        {
            body.Input("encoder_hidden_states", "batch", "frames", Hidden);
        }

        Caches(body, "past", "self", isInput: true, "past");
        Caches(body, "past", "cross", isInput: true, "frames");
        if (readsAllTokens)
        {
            // Of all tokens, the last one is new.
            body.Integers("newest", -1).Node("Gather", ["input_ids", "newest"], ["input_last"], ("axis", 1));
        }

        Decode(body, "past", "past", "encoder_attention_mask", readsAllTokens ? "input_last" : "input_ids");
        body.Output("logits", "batch", 1, _vocabulary);
        Caches(body, "present", "self", isInput: false, "total");
        return body;
    }

    /// <summary>Scores of the token behind a sequence, for what the encoder reads: tokens with a mask, or columns of features.</summary>
    public double[] Scores(IReadOnlyList<int> tokens, double[][] source, int[] mask)
    {
        double[][] states = [.. source.Select(row => Product(Product(row, "source"), "encode").Select(Math.Tanh).ToArray())];
        double[][] x = [.. tokens.Select(token => Row("tokens", token))];
        int[] all = [.. Enumerable.Repeat(1, tokens.Count)];
        for (int layer = 0; layer < Layers; layer++)
        {
            double[][] own = [.. x.Select((row, query) => Sum(row, Product(Attend(Product(row, $"q{layer}"), [.. x.Take(query + 1).Select(key => Product(key, $"k{layer}"))],
                [.. x.Take(query + 1).Select(value => Product(value, $"v{layer}"))], all), $"o{layer}")))];
            x = [.. own.Select(row => Sum(row, Attend(Product(row, $"cq{layer}"), [.. states.Select(key => Product(key, $"ck{layer}"))], [.. states.Select(value => Product(value, $"cv{layer}"))], mask)))];
        }

        return Product(x[^1], "out");
    }

    /// <summary>Tokens as rows that select the encoder's weights.</summary>
    public static double[][] OneHot(int[] tokens) => [.. tokens.Select(static token => Enumerable.Range(0, Vocabulary).Select(index => index == token ? 1.0 : 0).ToArray())];

    private static double[] Sum(double[] left, double[] right) => [.. left.Zip(right, static (a, b) => a + b)];

    private static double[] Attend(double[] query, double[][] keys, double[][] values, int[] mask)
    {
        double[] result = new double[Hidden];
        for (int head = 0; head < Heads; head++)
        {
            double[] weights = [.. keys.Select((key, position) => mask[position] == 0 ? 0 : Math.Exp(Enumerable.Range(head * Size, Size).Sum(index => query[index] * key[index]) * 0.5))];
            for (int index = head * Size; index < (head + 1) * Size; index++)
            {
                result[index] = values.Select((value, position) => value[index] * weights[position]).Sum() / weights.Sum();
            }
        }

        return result;
    }

    private static void Caches(OnnxModelBuilder body, string prefix, string kind, bool isInput, object length)
    {
        for (int layer = 0; layer < Layers; layer++)
        {
            foreach (string part in (string[])["key", "value"])
            {
                _ = isInput ? body.Input($"{prefix}_{part}_{kind}_{layer}", "batch", Heads, length, Size) : body.Output($"{prefix}_{part}_{kind}_{layer}", "batch", Heads, length, Size);
            }
        }
    }

    private static void Project(OnnxModelBuilder body, string rows, string weight, string result) => body
        .Node("MatMul", [rows, weight], [$"{result}_flat"]).Node("Reshape", [$"{result}_flat", "apart"], [$"{result}_apart"]).Node("Transpose", [$"{result}_apart"], [result], ("perm", new long[] { 0, 2, 1, 3 }));

    private OnnxModelBuilder Start()
    {
        OnnxModelBuilder body = new OnnxModelBuilder().Integers("apart", 0, -1, Heads, Size).Integers("merged", 0, -1, Hidden).Integer("zero", 0).Integer("one", 1).Integer("two", 2).Integers("behind", 1).Integers("axes", 1, 2)
            .Number("scale", DataType.Float, 0.5, false).Number("lowest", DataType.Float, -10000, false).Number("nothing", DataType.Float, 0, false);
        foreach ((string name, (float[] values, long[] shape)) in _weights)
        {
            body.Constant(name, values, shape);
        }

        return body;
    }

    /// <summary>The decoder's layers, over a past or from the beginning.</summary>
    private void Decode(OnnxModelBuilder body, string? past, string cross, string mask, string tokens)
    {
        body.Node("Gather", ["tokens", tokens], ["x0"]);
        for (int layer = 0; layer < Layers; layer++)
        {
            Project(body, $"x{layer}", $"q{layer}", $"queries{layer}");
            foreach ((string weight, string part) in new[] { ("k", "key"), ("v", "value") })
            {
                string present = $"present_{part}_self_{layer}";
                Project(body, $"x{layer}", $"{weight}{layer}", past is null ? present : $"new_{part}{layer}");
                if (past is not null)
                {
                    body.Node("Concat", [$"{past}_{part}_self_{layer}", $"new_{part}{layer}"], [present], ("axis", 2));
                }
            }

            if (layer == 0)
            {
                body.Node("Shape", ["present_key_self_0"], ["key_shape"]).Node("Gather", ["key_shape", "two"], ["total"]).Node("Shape", ["queries0"], ["query_shape"]).Node("Gather", ["query_shape", "two"], ["length"])
                    .Node("Sub", ["total", "length"], ["first"]).Node("Range", ["first", "total", "one"], ["rows"]).Node("Unsqueeze", ["rows", "behind"], ["row_column"]).Node("Range", ["zero", "total", "one"], ["columns"])
                    .Node("LessOrEqual", ["columns", "row_column"], ["causal"]).Node("Where", ["causal", "nothing", "lowest"], ["causal_bias"]);
                if (!_hears)
                {
                    body.Node("Cast", [mask], ["seen_flat"], ("to", (int)DataType.Bool)).Node("Unsqueeze", ["seen_flat", "axes"], ["seen"]).Node("Where", ["seen", "nothing", "lowest"], ["cross_bias"]);
                }
            }

            Attend(body, $"queries{layer}", $"present_key_self_{layer}", $"present_value_self_{layer}", "causal_bias", $"own{layer}");
            body.Node("MatMul", [$"own{layer}", $"o{layer}"], [$"own_out{layer}"]).Node("Add", [$"x{layer}", $"own_out{layer}"], [$"inner{layer}"]);
            Project(body, $"inner{layer}", $"cq{layer}", $"cross_queries{layer}");
            Attend(body, $"cross_queries{layer}", $"{cross}_key_cross_{layer}", $"{cross}_value_cross_{layer}", _hears ? null : "cross_bias", $"cross{layer}");
            body.Node("Add", [$"inner{layer}", $"cross{layer}"], [$"x{layer + 1}"]);
        }

        body.Node("MatMul", [$"x{Layers}", "out"], ["logits"]);
    }

    private static void Attend(OnnxModelBuilder body, string query, string key, string value, string? bias, string result)
    {
        body.Node("Transpose", [key], [$"{result}_turned"], ("perm", new long[] { 0, 1, 3, 2 })).Node("MatMul", [query, $"{result}_turned"], [$"{result}_dots"]).Node("Mul", [$"{result}_dots", "scale"], [$"{result}_scaled"]);
        string scores = $"{result}_scaled";
        if (bias is not null)
        {
            body.Node("Add", [scores, bias], [$"{result}_biased"]);
            scores = $"{result}_biased";
        }

        body.Node("Softmax", [scores], [$"{result}_shares"], ("axis", -1)).Node("MatMul", [$"{result}_shares", value], [$"{result}_parts"])
            .Node("Transpose", [$"{result}_parts"], [$"{result}_rows"], ("perm", new long[] { 0, 2, 1, 3 })).Node("Reshape", [$"{result}_rows", "merged"], [result]);
    }

    private void Weight(string name, params long[] shape) => _weights.Add(name, (OnnxModelBuilder.WeightValues($"encoder/{name}", shape), shape));

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
