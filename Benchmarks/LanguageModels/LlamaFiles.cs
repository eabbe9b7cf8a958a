using Cameo.Benchmarks.LanguageModels.Spellings;

namespace Cameo.Benchmarks.LanguageModels;

/// <summary>The files of one model: its weights once for ONNX and once as GGUF, and its graph in every spelling. Made by their first use.</summary>
internal sealed class LlamaFiles(LlamaConfiguration shape, bool fourBits)
{
    // To be raised whenever files of the same name would hold something else.
    private const int Version = 1;
    private const string DataFile = "weights.data";

    private readonly LlamaWeights _weights = new(shape);
    private readonly LlamaData _data = new(new LlamaWeights(shape), fourBits);

    /// <summary>The models that are measured.</summary>
    public static IReadOnlyList<LlamaFiles> All { get; } =
        [new(LlamaConfiguration.Shape135M, fourBits: false), new(LlamaConfiguration.Shape135M, fourBits: true), new(LlamaConfiguration.Shape1B, fourBits: true)];

    public LlamaConfiguration Shape { get; } = shape;

    public bool FourBits { get; } = fourBits;

    public string Name => $"{Shape.Name}-{(FourBits ? "int4" : "fp32")}";

    /// <summary>Bytes of the weights that one token takes part in, as llama.cpp and Cameo store them: scales in float16.</summary>
    public long BytesPerToken
    {
        get
        {
            long weights = Shape.LayerMultiplyAdds + Shape.HeadMultiplyAdds;
            return FourBits ? weights / FourBitRow.BlockSize * 18 : weights * sizeof(float);
        }
    }

    /// <summary>Path of the model in a spelling.</summary>
    public string Onnx(LlamaSpelling spelling, bool allLogits = false) =>
        Path.Combine(Make("onnx", WriteOnnx), FileName(spelling, allLogits));

    /// <summary>Path of the model for llama.cpp.</summary>
    public string Gguf() => Path.Combine(Make("gguf", folder => LlamaGguf.Write(_weights, FourBits, Path.Combine(folder, "model.gguf"))), "model.gguf");

    private static string FileName(LlamaSpelling spelling, bool allLogits) => $"{spelling.Name}{(allLogits ? "-all" : "")}.onnx";

    private string Make(string kind, Action<string> write) => BenchmarkFolder.Get(Path.Combine("models", $"{Name}-{kind}-{Version}"), folder =>
    {
        Progress.Say($"making {Name} ({kind})");
        write(folder);
    });

    private void WriteOnnx(string folder)
    {
        _data.Write(Path.Combine(folder, DataFile));
        foreach (LlamaSpelling spelling in FourBits ? [new ContribSpelling()] : LlamaSpelling.All)
        {
            spelling.Write(_data, DataFile, Path.Combine(folder, FileName(spelling, allLogits: false)), allLogits: false);
            spelling.Write(_data, DataFile, Path.Combine(folder, FileName(spelling, allLogits: true)), allLogits: true);
        }
    }
}
