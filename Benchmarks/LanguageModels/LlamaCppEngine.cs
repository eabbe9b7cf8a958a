using System.Runtime.InteropServices;
using Cameo.Benchmarks.Peers;

namespace Cameo.Benchmarks.LanguageModels;

/// <summary>llama.cpp with a GGUF file: weights packed for the processor, caches in float16 and flash attention as it chooses itself, threads that stay.</summary>
internal sealed unsafe class LlamaCppEngine : LanguageEngine
{
    private readonly LlamaCppApi _api = LlamaCppApi.Shared;
    private readonly int _vocabulary;
    private readonly bool _allLogits;
    private readonly nint _model;
    private readonly nint _context;
    private readonly nint _memory;
    private readonly nint _pool;
    private readonly int _capacity;
    private readonly int* _tokens;
    private readonly int* _positions;
    private readonly sbyte* _wanted;
    private readonly delegate* unmanaged<nint, int, int, int, byte> _remove;
    private readonly delegate* unmanaged<nint, LlamaBatch, int> _decode;

    public LlamaCppEngine(string path, LlamaConfiguration shape, int threads, bool allLogits = false)
        : base("llama.cpp")
    {
        (_vocabulary, _allLogits, _capacity) = (shape.Vocabulary, allLogits, shape.Positions);
        _model = _api.LoadModel(path, _api.DefaultModelParameters());
        LlamaContextParameters parameters = _api.DefaultContextParameters();
        parameters.Context = (uint)shape.Positions;
        parameters.Threads = threads;
        parameters.BatchThreads = threads;
        if (allLogits)
        {
            parameters.OutputsPerSequence = (uint)shape.Positions;
        }

        _context = _api.CreateContext(_model, parameters);
        _memory = ((delegate* unmanaged<nint, nint>)_api.Function("llama_get_memory"))(_context);
        _pool = threads > 1 ? _api.AttachPool(_context, threads) : 0;
        _remove = (delegate* unmanaged<nint, int, int, int, byte>)_api.Function("llama_memory_seq_rm");
        _decode = (delegate* unmanaged<nint, LlamaBatch, int>)_api.Function("llama_decode");
        _tokens = (int*)NativeMemory.Alloc((nuint)_capacity, sizeof(int));
        _positions = (int*)NativeMemory.Alloc((nuint)_capacity, sizeof(int));
        _wanted = (sbyte*)NativeMemory.Alloc((nuint)_capacity);
    }

    public override void Feed(ReadOnlySpan<int> tokens, int past)
    {
        _remove(_memory, 0, past, -1);
        for (int index = 0; index < tokens.Length; index++)
        {
            _tokens[index] = tokens[index];
            _positions[index] = past + index;
            _wanted[index] = _allLogits || index == tokens.Length - 1 ? (sbyte)1 : (sbyte)0;
        }

        int status = _decode(_context, new LlamaBatch { Count = tokens.Length, Tokens = _tokens, Positions = _positions, Logits = _wanted });
        if (status != 0)
        {
            throw new InvalidOperationException($"llama.cpp's decode gave {status}.");
        }
    }

    public override float[] Logits()
    {
        float* logits = ((delegate* unmanaged<nint, int, float*>)_api.Function("llama_get_logits_ith"))(_context, -1);
        return new ReadOnlySpan<float>(logits, _vocabulary).ToArray();
    }

    public override void Dispose()
    {
        _api.FreeContext(_context);
        if (_pool != 0)
        {
            _api.FreePool(_pool);
        }

        _api.FreeModel(_model);
        NativeMemory.Free(_tokens);
        NativeMemory.Free(_positions);
        NativeMemory.Free(_wanted);
    }
}
