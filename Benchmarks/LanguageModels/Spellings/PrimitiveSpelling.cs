namespace Cameo.Benchmarks.LanguageModels.Spellings;

/// <summary>Small operators only, as a trace of eager code gives them: rotation by slices, repeated heads, a mask that is added, softmax between two products.</summary>
internal sealed class PrimitiveSpelling() : LlamaSpelling("primitive", 18)
{
    protected override void AddInputs()
    {
        Graph.Input("attention_mask", OnnxGraphBuilder.Int64, Batch, Total);
        Graph.Input("position_ids", OnnxGraphBuilder.Int64, Batch, Sequence);
        string shape = Graph.Node("Shape", "/ids_shape", ["input_ids"]);
        string batch = Graph.Node("Gather", "/batch", [shape, Scalar("zero_index", 0)], ("axis", 0));
        string length = Graph.Node("Gather", "/length", [shape, Scalar("one_index", 1)], ("axis", 0));
        string past = Graph.Node("Gather", "/past", [Graph.Node("Shape", "/past_shape", ["past_key_values.0.key"]), Scalar("two_index", 2)], ("axis", 0));
        string total = Graph.Node("Add", "/total", [past, length]);
        AddMask(past, total);
        string batchVector = Graph.Node("Unsqueeze", "/batch_vector", [batch, Vector("axis_0", 0)]), totalVector = Graph.Node("Unsqueeze", "/total_vector", [total, Vector("axis_0", 0)]);
        Graph.Node(
            "Concat", "repeated_shape", [batchVector, Vector("key_value_heads", Shape.KeyValueHeads), Vector("repeats", Shape.Heads / Shape.KeyValueHeads), totalVector, Vector("head_size", Shape.HeadSize)],
            ("axis", 0));
        Graph.Node("Concat", "merged_shape", [batchVector, Vector("heads", Shape.Heads), totalVector, Vector("head_size", Shape.HeadSize)], ("axis", 0));
        Graph.Node("Unsqueeze", "cosines", [Graph.Node("Gather", "/cosines", [Graph.Weight(Data["cos_twice"]), "position_ids"]), Vector("axis_1", 1)]);
        Graph.Node("Unsqueeze", "sines", [Graph.Node("Gather", "/sines", [Graph.Weight(Data["sin_twice"]), "position_ids"]), Vector("axis_1", 1)]);
    }

    protected override string Attention(int layer, string path, string input)
    {
        string query = Rotate(Heads(layer, "query", Shape.Heads, path, input), $"{path}/query");
        string key = Rotate(Heads(layer, "key", Shape.KeyValueHeads, path, input), $"{path}/key");
        string value = Heads(layer, "value", Shape.KeyValueHeads, path, input);
        string keys = Graph.Node("Concat", $"present.{layer}.key", [$"past_key_values.{layer}.key", key], ("axis", 2));
        string values = Graph.Node("Concat", $"present.{layer}.value", [$"past_key_values.{layer}.value", value], ("axis", 2));
        string turned = Graph.Node("Transpose", $"{path}/keys_turned", [Repeat(keys, $"{path}/keys")], ("perm", new long[] { 0, 1, 3, 2 }));
        string scores = Graph.Node("Div", $"{path}/scaled", [Graph.Node("MatMul", $"{path}/scores", [query, turned]), Graph.Number("root_of_head_size", MathF.Sqrt(Shape.HeadSize))]);
        string shares = Graph.Node("Softmax", $"{path}/shares", [Graph.Node("Add", $"{path}/masked", [scores, "mask"])], ("axis", -1));
        return JoinHeads(Graph.Node("MatMul", $"{path}/context", [shares, Repeat(values, $"{path}/values")]), path);
    }

    protected override string Normalize(string input, string weight, string node)
    {
        string squares = Graph.Node("Pow", $"{node}/squares", [input, Graph.Number("two", 2)]);
        string mean = Graph.Node("ReduceMean", $"{node}/mean", [squares, Vector("minus_one", -1)], ("keepdims", 1));
        string root = Graph.Node("Sqrt", $"{node}/root", [Graph.Node("Add", $"{node}/positive", [mean, Graph.Number("epsilon", Shape.Epsilon)])]);
        return Graph.Node("Mul", node, [Graph.Weight(Data[weight]), Graph.Node("Div", $"{node}/divided", [input, root])]);
    }

    /// <summary>The lowest number where a key comes later than the query or is padding, else zero; [batch, 1, queries, keys].</summary>
    private void AddMask(string past, string total)
    {
        string zero = Scalar("zero_index", 0), one = Scalar("one_index", 1), lowest = Graph.Number("lowest", float.MinValue);
        string queries = Graph.Node("Unsqueeze", "/mask/queries", [Graph.Node("Range", "/mask/query_range", [past, total, one]), Vector("axis_1", 1)]);
        string keys = Graph.Node("Unsqueeze", "/mask/keys", [Graph.Node("Range", "/mask/key_range", [zero, total, one]), Vector("axis_0", 0)]);
        string later = Graph.Node("Where", "/mask/later", [Graph.Node("Greater", "/mask/is_later", [keys, queries]), lowest, Graph.Number("zero", 0)]);
        string causal = Graph.Node("Unsqueeze", "/mask/causal", [later, Vector("axes_0_1", 0, 1)]);
        string given = Graph.Node("Cast", "/mask/given", [Graph.Node("Unsqueeze", "/mask/rows", ["attention_mask", Vector("axes_1_2", 1, 2)])], ("to", OnnxGraphBuilder.Float32));
        string inverse = Graph.Node("Sub", "/mask/inverse", [Graph.Number("one_number", 1), given]);
        string padding = Graph.Node("Where", "/mask/padding", [Graph.Node("Cast", "/mask/is_padding", [inverse], ("to", OnnxGraphBuilder.Boolean)), lowest, inverse]);
        Graph.Node("Max", "mask", [Graph.Node("Add", "/mask/both", [causal, padding]), lowest]);
    }

    private string Heads(int layer, string part, int heads, string path, string input) =>
        SplitHeads(Linear($"{layer}.{part}", input, $"{path}/{part}"), heads, $"{path}/{part}");

    private string Rotate(string input, string path)
    {
        string low = Graph.Node("Slice", $"{path}/low", [input, Vector("begin", 0), Vector("half", Shape.HeadSize / 2), Vector("minus_one", -1)]);
        string high = Graph.Node("Slice", $"{path}/high", [input, Vector("half", Shape.HeadSize / 2), Vector("end", long.MaxValue), Vector("minus_one", -1)]);
        string turned = Graph.Node("Concat", $"{path}/turned", [Graph.Node("Neg", $"{path}/negative", [high]), low], ("axis", -1));
        string first = Graph.Node("Mul", $"{path}/by_cosines", [input, "cosines"]), second = Graph.Node("Mul", $"{path}/by_sines", [turned, "sines"]);
        return Graph.Node("Add", $"{path}/rotated", [first, second]);
    }

    private string Repeat(string input, string path)
    {
        string repeated = Graph.Node("Expand", $"{path}/repeated", [Graph.Node("Unsqueeze", $"{path}/unsqueezed", [input, Vector("axis_2", 2)]), "repeated_shape"]);
        return Graph.Node("Reshape", $"{path}/merged", [repeated, "merged_shape"]);
    }
}
