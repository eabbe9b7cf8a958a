using System.Runtime.InteropServices;

namespace Cameo.Benchmarks.Peers;

/// <summary>llama.cpp's C interface: the few functions that are used.</summary>
internal sealed unsafe class LlamaCppApi
{
    private const int CpuDevice = 0;
    private const int PoolParametersBytes = 1024;

    private static readonly Lock Loading = new();
    private static LlamaCppApi? s_shared;

    private readonly nint _library;
    private readonly nint _base;
    private readonly nint _newPool;
    private readonly nint _freePool;

    private LlamaCppApi(string path)
    {
        _library = NativeLibrary.Load(path);
        nint backEnds = NativeLibrary.Load(LlamaCppPackage.BackEnds);
        _base = NativeLibrary.Load(Path.Combine(Path.GetDirectoryName(path)!, "libggml-base.so"));
        ((delegate* unmanaged<nint, nint, void>)Function("llama_log_set"))((nint)(delegate* unmanaged<int, byte*, void*, void>)&Ignore, 0);

        // The one for this processor is chosen among those beside the library.
        byte* folder = (byte*)Marshal.StringToCoTaskMemUTF8(Path.GetDirectoryName(path)!);
        ((delegate* unmanaged<byte*, void>)NativeLibrary.GetExport(backEnds, "ggml_backend_load_all_from_path"))(folder);
        Marshal.FreeCoTaskMem((nint)folder);
        ((delegate* unmanaged<void>)Function("llama_backend_init"))();
        LlamaModelParameters model = DefaultModelParameters();
        LlamaContextParameters context = DefaultContextParameters();
        if (!model.HasExpectedDefaults || !context.HasExpectedDefaults)
        {
            throw new InvalidOperationException($"{path} lays its parameters out in another way than llama.cpp {LlamaCppPackage.Version} does.");
        }

        nint device = ((delegate* unmanaged<int, nint>)NativeLibrary.GetExport(backEnds, "ggml_backend_dev_by_type"))(CpuDevice);
        if (device == 0)
        {
            throw new InvalidOperationException($"llama.cpp found no back end for this processor beside {path}.");
        }

        nint registration = ((delegate* unmanaged<nint, nint>)NativeLibrary.GetExport(_base, "ggml_backend_dev_backend_reg"))(device);
        _newPool = BackEndFunction(registration, "ggml_threadpool_new");
        _freePool = BackEndFunction(registration, "ggml_threadpool_free");
    }

    /// <summary>The library, restored and loaded by the first use.</summary>
    public static LlamaCppApi Shared
    {
        get
        {
            lock (Loading)
            {
                return s_shared ??= new LlamaCppApi(LlamaCppPackage.Restore());
            }
        }
    }

    public LlamaModelParameters DefaultModelParameters() => ((delegate* unmanaged<LlamaModelParameters>)Function("llama_model_default_params"))();

    public LlamaContextParameters DefaultContextParameters() => ((delegate* unmanaged<LlamaContextParameters>)Function("llama_context_default_params"))();

    public nint LoadModel(string path, LlamaModelParameters parameters)
    {
        byte* text = (byte*)Marshal.StringToCoTaskMemUTF8(path);
        nint model = ((delegate* unmanaged<byte*, LlamaModelParameters, nint>)Function("llama_model_load_from_file"))(text, parameters);
        Marshal.FreeCoTaskMem((nint)text);
        return model != 0 ? model : throw new InvalidOperationException($"llama.cpp can't load {path}.");
    }

    public nint CreateContext(nint model, LlamaContextParameters parameters)
    {
        nint context = ((delegate* unmanaged<nint, LlamaContextParameters, nint>)Function("llama_init_from_model"))(model, parameters);
        return context != 0 ? context : throw new InvalidOperationException("llama.cpp can't make a context.");
    }

    /// <summary>Threads that live as long as the context, where it would else start some for each run.</summary>
    public nint AttachPool(nint context, int threads)
    {
        byte* parameters = stackalloc byte[PoolParametersBytes];
        ((delegate* unmanaged<byte*, int, void>)NativeLibrary.GetExport(_base, "ggml_threadpool_params_init"))(parameters, threads);
        nint pool = ((delegate* unmanaged<byte*, nint>)_newPool)(parameters);
        ((delegate* unmanaged<nint, nint, nint, void>)Function("llama_attach_threadpool"))(context, pool, pool);
        return pool;
    }

    /// <summary>Address of a function of the library.</summary>
    public nint Function(string name) => NativeLibrary.GetExport(_library, name);

    public void FreePool(nint pool) => ((delegate* unmanaged<nint, void>)_freePool)(pool);

    public void FreeContext(nint context) => ((delegate* unmanaged<nint, void>)Function("llama_free"))(context);

    public void FreeModel(nint model) => ((delegate* unmanaged<nint, void>)Function("llama_model_free"))(model);

    [UnmanagedCallersOnly]
    private static void Ignore(int level, byte* text, void* data)
    {
    }

    private nint BackEndFunction(nint registration, string name)
    {
        byte* text = (byte*)Marshal.StringToCoTaskMemUTF8(name);
        nint function = ((delegate* unmanaged<nint, byte*, nint>)NativeLibrary.GetExport(_base, "ggml_backend_reg_get_proc_address"))(registration, text);
        Marshal.FreeCoTaskMem((nint)text);
        return function != 0 ? function : throw new InvalidOperationException($"llama.cpp's back end has no {name}.");
    }
}
