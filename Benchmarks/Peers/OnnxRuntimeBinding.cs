using System.Runtime.InteropServices;

namespace Cameo.Benchmarks.Peers;

/// <summary>Memory for all inputs and outputs of a session, so that a run neither allocates nor copies around the model.</summary>
internal sealed unsafe class OnnxRuntimeBinding(OnnxRuntimeSession session) : IDisposable
{
    private readonly OnnxRuntimeApi _api = OnnxRuntimeApi.Shared;
    private readonly nint[] _inputs = new nint[session.InputNames.Length];
    private readonly nint[] _outputs = new nint[session.OutputNames.Length];
    private readonly Dictionary<string, nint> _owned = new(StringComparer.Ordinal);

    /// <summary>Binds memory of the caller.</summary>
    public void Input(string name, void* data, int elementType, ReadOnlySpan<long> shape) => _inputs[Array.IndexOf(session.InputNames, name)] = Create(data, elementType, shape);

    /// <summary>Binds memory of the caller.</summary>
    public void Output(string name, void* data, int elementType, ReadOnlySpan<long> shape) => _outputs[Array.IndexOf(session.OutputNames, name)] = Create(data, elementType, shape);

    /// <summary>Binds new memory, freed with this binding.</summary>
    public void* NewInput(string name, int elementType, ReadOnlySpan<long> shape)
    {
        void* data = Allocate(name, elementType, shape);
        Input(name, data, elementType, shape);
        return data;
    }

    /// <summary>Binds new memory, freed with this binding.</summary>
    public void NewOutput(string name, int elementType, ReadOnlySpan<long> shape) => Output(name, Allocate(name, elementType, shape), elementType, shape);

    /// <summary>The memory that was allocated for an input or output.</summary>
    public void* Data(string name) => (void*)_owned[name];

    public void Run()
    {
        fixed (nint* inputs = _inputs, outputs = _outputs)
        {
            session.Run(inputs, outputs);
        }
    }

    public void Dispose()
    {
        foreach (nint value in _inputs.Concat(_outputs).Where(static value => value != 0))
        {
            _api.ReleaseValue(value);
        }

        foreach (nint data in _owned.Values)
        {
            NativeMemory.AlignedFree((void*)data);
        }
    }

    private void* Allocate(string name, int elementType, ReadOnlySpan<long> shape)
    {
        void* data = NativeMemory.AlignedAlloc((nuint)Bytes(elementType, shape), 64);
        _owned.Add(name, (nint)data);
        return data;
    }

    private nint Create(void* data, int elementType, ReadOnlySpan<long> shape) => _api.CreateTensor(data, (nuint)Bytes(elementType, shape), shape, elementType);

    private static long Bytes(int elementType, ReadOnlySpan<long> shape)
    {
        long bytes = OnnxRuntimeTensor.ElementSize(elementType);
        foreach (long size in shape)
        {
            bytes *= size;
        }

        return bytes;
    }
}
