namespace Cameo.Benchmarks.LanguageModels.Spellings;

/// <summary>The large operators of opset 23: RMSNormalization, RotaryEmbedding, and Attention with the caches in it.</summary>
internal sealed class StandardSpelling() : LlamaSpelling("opset23", 23)
{
    protected override void AddInputs()
    {
        Graph.Input("attention_mask", OnnxGraphBuilder.Int64, Batch, Total);
        Graph.Input("position_ids", OnnxGraphBuilder.Int64, Batch, Sequence);
        string mask = Graph.Node("Unsqueeze", "/mask/rows", [Graph.Node("Cast", "/mask/boolean", ["attention_mask"], ("to", OnnxGraphBuilder.Boolean)), Vector("axes_1_2", 1, 2)]);
        string length = Graph.Node("Shape", "/mask/length", ["input_ids"], ("start", 1), ("end", 2));
        string shape = Graph.Node("Concat", "/mask/shape", [Vector("ones", 1, 1), length, Vector("one", 1)], ("axis", 0));
        Graph.Node("Expand", "mask", [mask, shape]);
    }

    protected override string Attention(int layer, string path, string input)
    {
        string query = Rotate(Linear($"{layer}.query", input, $"{path}/query"), Shape.Heads, $"{path}/query_rotated");
        string key = Rotate(Linear($"{layer}.key", input, $"{path}/key"), Shape.KeyValueHeads, $"{path}/key_rotated");
        string value = Linear($"{layer}.value", input, $"{path}/value");
        return Graph.Node(
            "Attention", path, [query, key, value, "mask", $"past_key_values.{layer}.key", $"past_key_values.{layer}.value"],
            [path, $"present.{layer}.key", $"present.{layer}.value"],
            ("is_causal", 1), ("q_num_heads", Shape.Heads), ("kv_num_heads", Shape.KeyValueHeads), ("scale", Scale));
    }

    private string Rotate(string input, int heads, string node) => Graph.Node(
        "RotaryEmbedding", node, [input, Graph.Weight(Data["cos_cache"]), Graph.Weight(Data["sin_cache"]), "position_ids"], ("num_heads", heads), ("interleaved", 0));
}
