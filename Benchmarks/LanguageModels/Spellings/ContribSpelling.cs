namespace Cameo.Benchmarks.LanguageModels.Spellings;

/// <summary>ONNX Runtime's own operators as its generator of language models writes them: what ONNX Runtime runs fastest.</summary>
internal sealed class ContribSpelling() : LlamaSpelling("contrib", 21)
{
    protected override void AddInputs()
    {
        Graph.Input("attention_mask", OnnxGraphBuilder.Int64, Batch, Total);
        string sum = Graph.Node("ReduceSum", "/mask/sum", ["attention_mask", Vector("one", 1)], ("keepdims", 0));
        Graph.Node("Cast", "last_position", [Graph.Node("Sub", "/mask/last", [sum, Vector("one", 1)])], ("to", OnnxGraphBuilder.Int32));
        string total = Graph.Node("Gather", "/mask/total", [Graph.Node("Shape", "/mask/shape", ["attention_mask"]), Scalar("one_scalar", 1)], ("axis", 0));
        Graph.Node("Cast", "total_length", [total], ("to", OnnxGraphBuilder.Int32));
    }

    protected override string Attention(int layer, string path, string input) => Graph.ContribNode(
        "GroupQueryAttention", path,
        [
            Linear($"{layer}.query_key_value", input, $"{path}/query_key_value"), "", "", $"past_key_values.{layer}.key", $"past_key_values.{layer}.value",
            "last_position", "total_length", Graph.Weight(Data["cos_cache"]), Graph.Weight(Data["sin_cache"]),
        ],
        [path, $"present.{layer}.key", $"present.{layer}.value"],
        ("num_heads", Shape.Heads), ("kv_num_heads", Shape.KeyValueHeads), ("scale", Scale), ("local_window_size", -1), ("do_rotary", 1), ("rotary_interleaved", 0))[0];

    protected override (string Sum, string Normalized) AddAndNormalize(string residual, string? branch, string weight, string path)
    {
        string factors = Graph.Weight(Data[weight]);
        if (branch is null)
        {
            return (residual, Graph.Node("SimplifiedLayerNormalization", $"{path}/norm", [residual, factors], ("axis", -1), ("epsilon", Shape.Epsilon), ("stash_type", 1)));
        }

        string[] outputs = Graph.ContribNode(
            "SkipSimplifiedLayerNormalization", $"{path}/norm", [residual, branch, factors], [$"{path}/norm", "", "", $"{path}/sum"], ("epsilon", Shape.Epsilon));
        return (outputs[3], outputs[0]);
    }
}
