using System.ComponentModel;
using Cameo.Benchmarks.Peers;
using Cameo.Sessions;
using Xunit;

namespace Cameo.Tests.Infrastructure;

/// <summary>What ONNX Runtime's native library makes of a model, every node as it stands. Tests that ask it are skipped where the library can't be had.</summary>
internal static unsafe class OnnxRuntimeOracle
{
    /// <summary>Runs the model; the results by name.</summary>
    /// <param name="builder">The model.</param>
    /// <param name="inputs">Its inputs by name.</param>
    /// <param name="shared">Outputs that must lie in the memory of an input, with its name.</param>
    public static Dictionary<string, Tensor> Run(OnnxModelBuilder builder, IReadOnlyDictionary<string, Tensor> inputs, params (string Output, string Input)[] shared)
    {
        OnnxRuntimeApi api = Library();
        using var session = new OnnxRuntimeSession(builder.ToBytes(), threads: 1, OnnxRuntimeApi.NoOptimizations);
        using var pinned = new PinnedBytes();
        var memory = new Dictionary<string, nint>();
        nint Input(string name)
        {
            Tensor tensor = inputs[name];
            byte[] bytes = tensor.Bytes.ToArray();
            nint address = bytes.Length == 0 ? 0 : pinned.Add(bytes);
            return memory[name] = api.CreateTensor((void*)address, (nuint)bytes.Length, tensor.Shape, (int)tensor.ElementType);
        }

        nint[] values = [.. session.InputNames.Select(Input)];
        nint[] results = [.. session.OutputNames.Select(name => shared.FirstOrDefault(pair => pair.Output == name).Input is { } input ? memory[input] : 0)];
        nint[] own = [.. results];
        try
        {
            fixed (nint* inputPointers = values, outputPointers = results)
            {
                session.Run(inputPointers, outputPointers);
            }

            return session.OutputNames.Select((name, index) => (name, Read(api, results[index]))).ToDictionary(static pair => pair.name, static pair => pair.Item2);
        }
        finally
        {
            foreach (nint value in values.Concat(results.Where((value, index) => value != 0 && own[index] == 0)))
            {
                api.ReleaseValue(value);
            }
        }
    }

    /// <summary>The message with which it refuses the model or the run.</summary>
    public static string Refusal(OnnxModelBuilder builder, IReadOnlyDictionary<string, Tensor> inputs)
    {
        Library();
        return Assert.Throws<InvalidOperationException>(() => Run(builder, inputs)).Message;
    }

    private static Tensor Read(OnnxRuntimeApi api, nint value)
    {
        (int type, long[] shape) = api.GetType(value);
        var tensor = new Tensor((ElementType)type, shape);
        new ReadOnlySpan<byte>(api.GetData(value), tensor.Bytes.Length).CopyTo(tensor.Bytes);
        return tensor;
    }

    private static OnnxRuntimeApi Library()
    {
        try
        {
            return OnnxRuntimeApi.Shared;
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception or DllNotFoundException or BadImageFormatException)
        {
            Skip.If(true, exception.Message);
            throw;
        }
    }
}
