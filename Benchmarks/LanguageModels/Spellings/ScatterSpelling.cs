namespace Cameo.Benchmarks.LanguageModels.Spellings;

/// <summary>Opset 24: TensorScatter into caches of fixed size, and Attention over all of them with the number of keys that count.</summary>
internal sealed class ScatterSpelling() : LlamaSpelling("opset24-scatter", 24)
{
    public override string Dimensions => "batch_size=1; sequence_length<=512";

    protected override void AddInputs()
    {
        Graph.Input("position_ids", OnnxGraphBuilder.Int64, Batch, Sequence);
        Graph.Input("write_indices", OnnxGraphBuilder.Int64, Batch);
        string length = Graph.Node("Shape", "/length", ["input_ids"], ("start", 1), ("end", 2));
        Graph.Node("Add", "key_lengths", ["write_indices", length]);
        string keys = Graph.Integers("key_positions", isVector: true, [.. Enumerable.Range(0, Shape.Positions).Select(static position => (long)position)]);
        Graph.Node("LessOrEqual", "mask", [keys, Graph.Node("Unsqueeze", "/query_positions", ["position_ids", Vector("axes_1_3", 1, 3)])]);
    }

    protected override void AddCaches() => AddCaches(Shape.Positions, Shape.Positions);

    protected override string Attention(int layer, string path, string input)
    {
        string query = Rotate(Heads(layer, "query", Shape.Heads, path, input), $"{path}/query_rotated");
        string key = Rotate(Heads(layer, "key", Shape.KeyValueHeads, path, input), $"{path}/key_rotated");
        string value = Heads(layer, "value", Shape.KeyValueHeads, path, input);
        string keys = Append(layer, "key", key), values = Append(layer, "value", value);
        return JoinHeads(Graph.Node("Attention", $"{path}/heads", [query, keys, values, "mask", "", "", "key_lengths"], ("scale", Scale)), path);
    }

    protected override string Swish(string input, string path) => Graph.Node("Swish", $"{path}/swish", [input]);

    private string Heads(int layer, string part, int heads, string path, string input) =>
        SplitHeads(Linear($"{layer}.{part}", input, $"{path}/{part}"), heads, $"{path}/{part}");

    private string Rotate(string input, string node) =>
        Graph.Node("RotaryEmbedding", node, [input, Graph.Weight(Data["cos_cache"]), Graph.Weight(Data["sin_cache"]), "position_ids"]);

    private string Append(int layer, string part, string input) => Graph.Node(
        "TensorScatter", $"present.{layer}.{part}", [$"past_key_values.{layer}.{part}", input, "write_indices"], ("axis", 2), ("mode", "linear"));
}
