using Cameo.Benchmarks.Peers;

namespace Cameo.Benchmarks.LanguageModels;

/// <summary>
/// ONNX Runtime with a model of GroupQueryAttention. Past and present are one buffer for the whole context, which the operator then appends to instead of copying, and all
/// inputs and outputs are bound before the clock runs.
/// </summary>
internal sealed unsafe class OnnxRuntimeEngine : LanguageEngine
{
    private const int Float32 = 1;
    private const int Int64 = 7;

    private readonly LlamaConfiguration _shape;
    private readonly bool _allLogits;
    private readonly OnnxRuntimeSession _session;
    private readonly List<NativeBuffer> _caches = [];
    private readonly Dictionary<(int Past, int Count), OnnxRuntimeBinding> _bound = [];
    private OnnxRuntimeBinding? _last;
    private int _lastCount;

    public OnnxRuntimeEngine(string path, LlamaConfiguration shape, int threads, bool allLogits = false)
        : base("ONNX Runtime")
    {
        (_shape, _allLogits) = (shape, allLogits);
        _session = new OnnxRuntimeSession(path, threads);
        for (int cache = 0; cache < 2 * shape.Layers; cache++)
        {
            var buffer = new NativeBuffer((nint)shape.Positions * shape.KeyValueSize);
            buffer.Span.Clear();
            _caches.Add(buffer);
        }
    }

    public override void Prepare(int past, int count)
    {
        if (_bound.ContainsKey((past, count)))
        {
            return;
        }

        var binding = new OnnxRuntimeBinding(_session);
        long[] cacheShape = [1, _shape.KeyValueHeads, _shape.Positions, _shape.HeadSize];
        foreach (string name in _session.InputNames)
        {
            switch (name)
            {
                case "input_ids":
                    binding.NewInput(name, Int64, [1, count]);
                    break;
                case "attention_mask":
                    new Span<long>(binding.NewInput(name, Int64, [1, past + count]), past + count).Fill(1);
                    break;
                default:
                    binding.Input(name, Cache(name).Pointer, Float32, cacheShape);
                    break;
            }
        }

        foreach (string name in _session.OutputNames)
        {
            if (name == "logits")
            {
                binding.NewOutput(name, Float32, [1, _allLogits ? count : 1, _shape.Vocabulary]);
            }
            else
            {
                binding.Output(name, Cache(name).Pointer, Float32, cacheShape);
            }
        }

        _bound.Add((past, count), binding);
    }

    public override void Feed(ReadOnlySpan<int> tokens, int past)
    {
        Prepare(past, tokens.Length);
        (_last, _lastCount) = (_bound[(past, tokens.Length)], tokens.Length);
        var given = (long*)_last.Data("input_ids");
        for (int index = 0; index < tokens.Length; index++)
        {
            given[index] = tokens[index];
        }

        _last.Run();
    }

    public override float[] Logits()
    {
        var logits = (float*)_last!.Data("logits") + (_allLogits ? (long)(_lastCount - 1) * _shape.Vocabulary : 0);
        return new ReadOnlySpan<float>(logits, _shape.Vocabulary).ToArray();
    }

    public override void Dispose()
    {
        foreach (OnnxRuntimeBinding binding in _bound.Values)
        {
            binding.Dispose();
        }

        _session.Dispose();
        _caches.ForEach(static cache => cache.Dispose());
    }

    /// <summary>The buffer of past_key_values.LAYER.key and present.LAYER.key.</summary>
    private NativeBuffer Cache(string name)
    {
        string[] parts = name.Split('.');
        return _caches[(2 * int.Parse(parts[^2], System.Globalization.CultureInfo.InvariantCulture)) + (parts[^1] == "key" ? 0 : 1)];
    }
}
