using System.Runtime.InteropServices;

namespace Cameo.Benchmarks.Peers;

/// <summary>A model loaded into ONNX Runtime.</summary>
internal sealed unsafe class OnnxRuntimeSession : IDisposable
{
    private readonly OnnxRuntimeApi _api = OnnxRuntimeApi.Shared;
    private readonly List<nint> _bound = [];
    private readonly byte** _inputNames;
    private readonly byte** _outputNames;
    private readonly nint* _inputs;
    private readonly nint* _outputs;
    private nint _session;

    /// <summary>Loads the bytes of an <c>.onnx</c> file.</summary>
    public OnnxRuntimeSession(ReadOnlySpan<byte> model, int threads, int optimizations = OnnxRuntimeApi.AllOptimizations)
        : this(OnnxRuntimeApi.Shared.CreateSession(model, threads, optimizations))
    {
    }

    /// <summary>Loads an <c>.onnx</c> file and the data files it refers to.</summary>
    public OnnxRuntimeSession(string path, int threads)
        : this(OnnxRuntimeApi.Shared.CreateSession(path, threads))
    {
    }

    private OnnxRuntimeSession(nint session)
    {
        _session = session;
        InputNames = _api.GetInputNames(_session);
        OutputNames = _api.GetOutputNames(_session);
        _inputNames = Copy(InputNames);
        _outputNames = Copy(OutputNames);
        _inputs = (nint*)NativeMemory.AllocZeroed((nuint)InputNames.Length + 1, (nuint)sizeof(nint));
        _outputs = (nint*)NativeMemory.AllocZeroed((nuint)OutputNames.Length + 1, (nuint)sizeof(nint));
    }

    /// <summary>Names of the inputs.</summary>
    public string[] InputNames { get; }

    /// <summary>Names of the outputs.</summary>
    public string[] OutputNames { get; }

    /// <summary>Runs the model once on copies of the given tensors.</summary>
    public Dictionary<string, OnnxRuntimeTensor> Run(IReadOnlyDictionary<string, OnnxRuntimeTensor> inputs)
    {
        var pins = new List<GCHandle>();
        try
        {
            for (int index = 0; index < InputNames.Length; index++)
            {
                OnnxRuntimeTensor tensor = inputs[InputNames[index]];
                var pin = GCHandle.Alloc(tensor.Bytes, GCHandleType.Pinned);
                pins.Add(pin);
                Bind(ref _inputs[index], (void*)pin.AddrOfPinnedObject(), tensor.Bytes.Length, tensor.Shape, tensor.ElementType);
            }

            _api.Run(_session, _inputNames, _inputs, InputNames.Length, _outputNames, OutputNames.Length, _outputs);
            return TakeOutputs();
        }
        finally
        {
            pins.ForEach(pin => pin.Free());
        }
    }

    /// <summary>Binds memory of the caller to a float32 input, for <see cref="RunBound"/>.</summary>
    public void BindInput(int index, float* data, ReadOnlySpan<long> shape) => Bind(ref _inputs[index], data, Bytes(shape), shape, 1);

    /// <summary>Binds memory of the caller to a float32 output, for <see cref="RunBound"/>.</summary>
    public void BindOutput(int index, float* data, ReadOnlySpan<long> shape) => Bind(ref _outputs[index], data, Bytes(shape), shape, 1);

    /// <summary>Binds copies of tensors to the inputs, for <see cref="RunBound"/>. Outputs are allocated anew by each run.</summary>
    /// <returns>What holds the copies; to be disposed after the last run.</returns>
    public IDisposable Bind(IReadOnlyDictionary<string, OnnxRuntimeTensor> inputs)
    {
        var pinned = new PinnedBytes();
        for (int index = 0; index < InputNames.Length; index++)
        {
            OnnxRuntimeTensor tensor = inputs[InputNames[index]];
            Bind(ref _inputs[index], (void*)pinned.Add(tensor.Bytes), tensor.Bytes.Length, tensor.Shape, tensor.ElementType);
        }

        return pinned;
    }

    /// <summary>Runs the model on the bound memory: nothing is copied or allocated around the run.</summary>
    public void RunBound() => _api.Run(_session, _inputNames, _inputs, InputNames.Length, _outputNames, OutputNames.Length, _outputs);

    /// <summary>Runs the model on values in the order of <see cref="InputNames"/> and <see cref="OutputNames"/>.</summary>
    public void Run(nint* inputs, nint* outputs) => _api.Run(_session, _inputNames, inputs, InputNames.Length, _outputNames, OutputNames.Length, outputs);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_session == 0)
        {
            return;
        }

        for (int index = 0; index < OutputNames.Length; index++)
        {
            // What a run on bound memory allocated itself.
            if (_outputs[index] != 0 && !_bound.Contains(_outputs[index]))
            {
                _api.ReleaseValue(_outputs[index]);
            }
        }

        _bound.ForEach(_api.ReleaseValue);
        _api.ReleaseSession(_session);
        _session = 0;
        Free(_inputNames, InputNames.Length);
        Free(_outputNames, OutputNames.Length);
        NativeMemory.Free(_inputs);
        NativeMemory.Free(_outputs);
    }

    private static long Bytes(ReadOnlySpan<long> shape)
    {
        long bytes = sizeof(float);
        foreach (long dimension in shape)
        {
            bytes *= dimension;
        }

        return bytes;
    }

    private static byte** Copy(string[] names)
    {
        var copies = (byte**)NativeMemory.Alloc((nuint)names.Length + 1, (nuint)sizeof(byte*));
        for (int index = 0; index < names.Length; index++)
        {
            copies[index] = (byte*)Marshal.StringToCoTaskMemUTF8(names[index]);
        }

        return copies;
    }

    private static void Free(byte** names, int count)
    {
        for (int index = 0; index < count; index++)
        {
            Marshal.FreeCoTaskMem((nint)names[index]);
        }

        NativeMemory.Free(names);
    }

    private void Bind(ref nint slot, void* data, long bytes, ReadOnlySpan<long> shape, int elementType)
    {
        if (slot != 0)
        {
            _bound.Remove(slot);
            _api.ReleaseValue(slot);
        }

        slot = _api.CreateTensor(data, (nuint)bytes, shape, elementType);
        _bound.Add(slot);
    }

    private Dictionary<string, OnnxRuntimeTensor> TakeOutputs()
    {
        var results = new Dictionary<string, OnnxRuntimeTensor>();
        for (int index = 0; index < OutputNames.Length; index++)
        {
            nint value = _outputs[index];
            (int elementType, long[] shape) = _api.GetType(value);
            long count = shape.Aggregate(1L, (product, dimension) => product * dimension);
            var bytes = new byte[count * OnnxRuntimeTensor.ElementSize(elementType)];
            new ReadOnlySpan<byte>(_api.GetData(value), bytes.Length).CopyTo(bytes);
            results.Add(OutputNames[index], new(elementType, shape, bytes));
            if (!_bound.Contains(value))
            {
                _api.ReleaseValue(value);
                _outputs[index] = 0;
            }
        }

        return results;
    }
}
