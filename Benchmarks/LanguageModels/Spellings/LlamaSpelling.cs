namespace Cameo.Benchmarks.LanguageModels.Spellings;

/// <summary>Writes a decoder in the operators that one kind of exporter uses. Weights, inputs and results are the same in all.</summary>
internal abstract class LlamaSpelling
{
    protected const string Batch = "batch_size";
    protected const string Sequence = "sequence_length";
    protected const string Past = "past_sequence_length";
    protected const string Total = "total_sequence_length";

    private readonly int _opset;

    /// <summary>Names a spelling.</summary>
    protected LlamaSpelling(string name, int opset) => (Name, _opset) = (name, opset);

    /// <summary>All spellings of float32 models.</summary>
    public static IReadOnlyList<LlamaSpelling> All => [new ContribSpelling(), new StandardSpelling(), new ScatterSpelling(), new PrimitiveSpelling()];

    public string Name { get; }

    /// <summary>Sizes that the model is compiled for: one row, prompts in parts of up to 512 tokens, and the caches' length where the model leaves it open.</summary>
    public virtual string Dimensions => "batch_size=1; sequence_length<=512; past_sequence_length<=2048; total_sequence_length<=2560";

    protected OnnxGraphBuilder Graph { get; private set; } = null!;

    protected LlamaData Data { get; private set; } = null!;

    protected LlamaConfiguration Shape => Data.Configuration;

    /// <summary>Writes the model.</summary>
    /// <param name="data">Its weights.</param>
    /// <param name="dataFile">Name of their file, beside the model.</param>
    /// <param name="path">Where the model goes.</param>
    /// <param name="allLogits">Whether it gives logits for all positions, or for the last one.</param>
    public void Write(LlamaData data, string dataFile, string path, bool allLogits)
    {
        Data = data;
        Graph = new OnnxGraphBuilder($"llama_{Name}", _opset, dataFile);
        Graph.Input("input_ids", OnnxGraphBuilder.Int64, Batch, Sequence);
        AddInputs();
        Graph.Output("logits", OnnxGraphBuilder.Float32, Batch, allLogits ? Sequence : 1, Shape.Vocabulary);
        AddCaches();
        string residual = Graph.Node("Gather", "embeddings", [Graph.Weight(data["embed"]), "input_ids"]);
        string? branch = null;
        for (int layer = 0; layer < Shape.Layers; layer++)
        {
            string path1 = $"/layers.{layer}/attention", path2 = $"/layers.{layer}/feed_forward";
            (residual, string input) = AddAndNormalize(residual, branch, $"{layer}.norm1", path1);
            branch = Linear($"{layer}.output", Attention(layer, path1, input), $"{path1}/output");
            (residual, input) = AddAndNormalize(residual, branch, $"{layer}.norm2", path2);
            branch = FeedForward(layer, path2, input);
        }

        (_, string last) = AddAndNormalize(residual, branch, "norm", "/final");
        if (!allLogits)
        {
            last = Graph.Node("Slice", "/last_position", [last, Vector("minus_one", -1), Vector("end", long.MaxValue), Vector("one", 1)]);
        }

        Linear("head", last, "logits");
        Graph.Write(path);
    }

    /// <summary>Adds the inputs besides the tokens and the caches, and what all layers share.</summary>
    protected abstract void AddInputs();

    /// <summary>Adds the caches as inputs and outputs.</summary>
    protected virtual void AddCaches() => AddCaches(Past, Total);

    /// <summary>The attention of a layer without its last matrix; [batch, sequence, heads · head size].</summary>
    protected abstract string Attention(int layer, string path, string input);

    /// <summary>The sum of both and its normalisation; of the first alone where there is no second.</summary>
    protected virtual (string Sum, string Normalized) AddAndNormalize(string residual, string? branch, string weight, string path)
    {
        string sum = branch is null ? residual : Graph.Node("Add", $"{path}/sum", [residual, branch]);
        return (sum, Normalize(sum, weight, $"{path}/norm"));
    }

    protected virtual string Normalize(string input, string weight, string node) =>
        Graph.Node("RMSNormalization", node, [input, Graph.Weight(Data[weight])], ("axis", -1), ("epsilon", Shape.Epsilon));

    protected virtual string Swish(string input, string path) => Graph.Node("Mul", $"{path}/swish", [input, Graph.Node("Sigmoid", $"{path}/sigmoid", [input])]);

    protected string Linear(string weight, string input, string node)
    {
        if (!Data.FourBits)
        {
            return Graph.Node("MatMul", node, [input, Graph.Weight(Data[weight])]);
        }

        StoredTensor numbers = Data[weight + ".numbers"], scales = Data[weight + ".scales"];
        return Graph.ContribNode(
            "MatMulNBits", node, [input, Graph.Weight(numbers), Graph.Weight(scales)], [node],
            ("K", (int)numbers.Shape[1] * FourBitRow.BlockSize), ("N", (int)numbers.Shape[0]), ("bits", 4), ("block_size", FourBitRow.BlockSize), ("accuracy_level", 4))[0];
    }

    protected void AddCaches(object pastSize, object totalSize)
    {
        for (int layer = 0; layer < Shape.Layers; layer++)
        {
            foreach (string part in (string[])["key", "value"])
            {
                Graph.Input($"past_key_values.{layer}.{part}", OnnxGraphBuilder.Float32, Batch, Shape.KeyValueHeads, pastSize, Shape.HeadSize);
                Graph.Output($"present.{layer}.{part}", OnnxGraphBuilder.Float32, Batch, Shape.KeyValueHeads, totalSize, Shape.HeadSize);
            }
        }
    }

    protected string Vector(string name, params long[] values) => Graph.Integers(name, isVector: true, values);

    protected string Scalar(string name, long value) => Graph.Integers(name, isVector: false, value);

    protected float Scale => (float)(1 / Math.Sqrt(Shape.HeadSize));

    /// <summary>[batch, sequence, heads · head size] as [batch, heads, sequence, head size].</summary>
    protected string SplitHeads(string input, int heads, string path) => Graph.Node(
        "Transpose", $"{path}/heads", [Graph.Node("Reshape", $"{path}/split", [input, Vector($"split_{heads}", 0, 0, heads, Shape.HeadSize)])], ("perm", new long[] { 0, 2, 1, 3 }));

    /// <summary>The opposite of <see cref="SplitHeads"/>.</summary>
    protected string JoinHeads(string input, string path) => Graph.Node(
        "Reshape", $"{path}/joined", [Graph.Node("Transpose", $"{path}/positions", [input], ("perm", new long[] { 0, 2, 1, 3 })), Vector("join", 0, 0, Shape.QuerySize)]);

    private string FeedForward(int layer, string path, string input)
    {
        string gate = Swish(Linear($"{layer}.gate", input, $"{path}/gate"), path);
        string product = Graph.Node("Mul", $"{path}/product", [gate, Linear($"{layer}.up", input, $"{path}/up")]);
        return Linear($"{layer}.down", product, $"{path}/down");
    }
}
