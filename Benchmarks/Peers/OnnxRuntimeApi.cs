using System.Runtime.InteropServices;

namespace Cameo.Benchmarks.Peers;

/// <summary>ONNX Runtime's C interface: a table of function pointers, of which this class names the few that are used.</summary>
internal sealed unsafe class OnnxRuntimeApi
{
    /// <summary>No graph optimisations: every node is a kernel of its own.</summary>
    public const int NoOptimizations = 0;

    /// <summary>All graph optimisations.</summary>
    public const int AllOptimizations = 99;

    private const uint ApiVersion = 24;

    // Positions in the table; they never change, new functions are only appended.
    private const int GetErrorMessageIndex = 2;
    private const int CreateEnvIndex = 3;
    private const int CreateSessionIndex = 7;
    private const int CreateSessionFromArrayIndex = 8;
    private const int RunIndex = 9;
    private const int CreateSessionOptionsIndex = 10;
    private const int SetGraphOptimizationLevelIndex = 23;
    private const int SetIntraOpNumThreadsIndex = 24;
    private const int SetInterOpNumThreadsIndex = 25;
    private const int SessionGetInputCountIndex = 30;
    private const int SessionGetOutputCountIndex = 31;
    private const int SessionGetInputNameIndex = 36;
    private const int SessionGetOutputNameIndex = 37;
    private const int CreateTensorWithDataIndex = 49;
    private const int GetTensorMutableDataIndex = 51;
    private const int GetTensorElementTypeIndex = 60;
    private const int GetDimensionsCountIndex = 61;
    private const int GetDimensionsIndex = 62;
    private const int GetTensorTypeAndShapeIndex = 65;
    private const int CreateCpuMemoryInfoIndex = 69;
    private const int AllocatorFreeIndex = 76;
    private const int GetDefaultAllocatorIndex = 78;
    private const int ReleaseStatusIndex = 93;
    private const int ReleaseSessionIndex = 95;
    private const int ReleaseValueIndex = 96;
    private const int ReleaseTypeAndShapeIndex = 99;
    private const int ReleaseSessionOptionsIndex = 100;

    private static readonly Lock Loading = new();
    private static OnnxRuntimeApi? s_shared;

    private readonly nint* _table;
    private readonly nint _environment;
    private readonly nint _memoryInfo;
    private readonly nint _allocator;

    private OnnxRuntimeApi(string libraryPath)
    {
        nint library = NativeLibrary.Load(libraryPath);
        var getApiBase = (delegate* unmanaged<nint*>)NativeLibrary.GetExport(library, "OrtGetApiBase");
        var getApi = (delegate* unmanaged<uint, nint*>)getApiBase()[0];
        _table = getApi(ApiVersion);
        if (_table == null)
        {
            throw new InvalidOperationException($"{libraryPath} does not offer version {ApiVersion} of the C interface.");
        }

        const int error = 3;
        fixed (byte* name = "cameo\0"u8)
        {
            nint result;
            Check(((delegate* unmanaged<int, byte*, nint*, nint>)_table[CreateEnvIndex])(error, name, &result));
            _environment = result;
            Check(((delegate* unmanaged<int, int, nint*, nint>)_table[CreateCpuMemoryInfoIndex])(0, 0, &result));
            _memoryInfo = result;
            Check(((delegate* unmanaged<nint*, nint>)_table[GetDefaultAllocatorIndex])(&result));
            _allocator = result;
        }
    }

    /// <summary>The library, restored and loaded by the first use.</summary>
    public static OnnxRuntimeApi Shared
    {
        get
        {
            lock (Loading)
            {
                return s_shared ??= new OnnxRuntimeApi(OnnxRuntimePackage.Restore());
            }
        }
    }

    /// <summary>A session of a model in memory.</summary>
    public nint CreateSession(ReadOnlySpan<byte> model, int threads, int optimizations = AllOptimizations)
    {
        nint options = CreateOptions(threads, optimizations);
        try
        {
            fixed (byte* bytes = model)
            {
                nint session;
                Check(((delegate* unmanaged<nint, void*, nuint, nint, nint*, nint>)_table[CreateSessionFromArrayIndex])(_environment, bytes, (nuint)model.Length, options, &session));
                return session;
            }
        }
        finally
        {
            Release(ReleaseSessionOptionsIndex, options);
        }
    }

    /// <summary>A session of a model file, whose data files are looked for beside it.</summary>
    public nint CreateSession(string path, int threads)
    {
        nint options = CreateOptions(threads, AllOptimizations);
        byte* text = (byte*)Marshal.StringToCoTaskMemUTF8(path);
        try
        {
            nint session;
            Check(((delegate* unmanaged<nint, byte*, nint, nint*, nint>)_table[CreateSessionIndex])(_environment, text, options, &session));
            return session;
        }
        finally
        {
            Marshal.FreeCoTaskMem((nint)text);
            Release(ReleaseSessionOptionsIndex, options);
        }
    }

    public string[] GetInputNames(nint session) => GetNames(session, SessionGetInputCountIndex, SessionGetInputNameIndex);

    public string[] GetOutputNames(nint session) => GetNames(session, SessionGetOutputCountIndex, SessionGetOutputNameIndex);

    public nint CreateTensor(void* data, nuint bytes, ReadOnlySpan<long> shape, int elementType)
    {
        fixed (long* dimensions = shape)
        {
            nint value;
            Check(((delegate* unmanaged<nint, void*, nuint, long*, nuint, int, nint*, nint>)_table[CreateTensorWithDataIndex])(
                _memoryInfo, data, bytes, dimensions, (nuint)shape.Length, elementType, &value));
            return value;
        }
    }

    public void Run(nint session, byte** inputNames, nint* inputs, int inputCount, byte** outputNames, int outputCount, nint* outputs) =>
        Check(((delegate* unmanaged<nint, nint, byte**, nint*, nuint, byte**, nuint, nint*, nint>)_table[RunIndex])(
            session, 0, inputNames, inputs, (nuint)inputCount, outputNames, (nuint)outputCount, outputs));

    public void* GetData(nint value)
    {
        void* data;
        Check(((delegate* unmanaged<nint, void**, nint>)_table[GetTensorMutableDataIndex])(value, &data));
        return data;
    }

    public (int ElementType, long[] Shape) GetType(nint value)
    {
        nint info;
        Check(((delegate* unmanaged<nint, nint*, nint>)_table[GetTensorTypeAndShapeIndex])(value, &info));
        try
        {
            int elementType;
            nuint rank;
            Check(((delegate* unmanaged<nint, int*, nint>)_table[GetTensorElementTypeIndex])(info, &elementType));
            Check(((delegate* unmanaged<nint, nuint*, nint>)_table[GetDimensionsCountIndex])(info, &rank));
            var shape = new long[rank];
            fixed (long* dimensions = shape)
            {
                Check(((delegate* unmanaged<nint, long*, nuint, nint>)_table[GetDimensionsIndex])(info, dimensions, rank));
            }

            return (elementType, shape);
        }
        finally
        {
            Release(ReleaseTypeAndShapeIndex, info);
        }
    }

    public void ReleaseSession(nint session) => Release(ReleaseSessionIndex, session);

    public void ReleaseValue(nint value) => Release(ReleaseValueIndex, value);

    /// <summary>A level of graph optimisations, the given number of threads within an operator.</summary>
    private nint CreateOptions(int threads, int optimizations)
    {
        nint options;
        Check(((delegate* unmanaged<nint*, nint>)_table[CreateSessionOptionsIndex])(&options));
        Check(((delegate* unmanaged<nint, int, nint>)_table[SetGraphOptimizationLevelIndex])(options, optimizations));
        Check(((delegate* unmanaged<nint, int, nint>)_table[SetIntraOpNumThreadsIndex])(options, threads));
        Check(((delegate* unmanaged<nint, int, nint>)_table[SetInterOpNumThreadsIndex])(options, 1));
        return options;
    }

    private void Release(int index, nint handle) => ((delegate* unmanaged<nint, void>)_table[index])(handle);

    private string[] GetNames(nint session, int countIndex, int nameIndex)
    {
        nuint count;
        Check(((delegate* unmanaged<nint, nuint*, nint>)_table[countIndex])(session, &count));
        var names = new string[count];
        for (nuint index = 0; index < count; index++)
        {
            byte* name;
            Check(((delegate* unmanaged<nint, nuint, nint, byte**, nint>)_table[nameIndex])(session, index, _allocator, &name));
            names[index] = Marshal.PtrToStringUTF8((nint)name)!;
            Check(((delegate* unmanaged<nint, void*, nint>)_table[AllocatorFreeIndex])(_allocator, name));
        }

        return names;
    }

    private void Check(nint status)
    {
        if (status == 0)
        {
            return;
        }

        string message = Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<nint, byte*>)_table[GetErrorMessageIndex])(status)) ?? "unknown error";
        Release(ReleaseStatusIndex, status);
        throw new InvalidOperationException($"ONNX Runtime: {message}");
    }
}
