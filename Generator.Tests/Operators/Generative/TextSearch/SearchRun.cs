using System.Runtime.InteropServices;
using Cameo.Benchmarks.Peers;
using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Cameo.Tests.Models;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Generative.TextSearch;

/// <summary>A model of one search, run here and by ONNX Runtime.</summary>
internal sealed class SearchRun
{
    private readonly OnnxModelBuilder _builder = new();
    private readonly Dictionary<string, Tensor> _inputs = [];
    private readonly List<string> _names = [];

    /// <summary>An omitted input.</summary>
    public SearchRun Omit()
    {
        _names.Add("");
        return this;
    }

    /// <summary>An input of the model.</summary>
    public SearchRun Input<T>(string name, T[] values, params long[] shape)
        where T : unmanaged
    {
        _names.Add(name);
        _builder.Input(name, TypeOf<T>(), [.. shape.Select((size, axis) => shape.Length > 1 ? (object)$"{name}{axis}" : size)]);
        _inputs[name] = Tensor.Create(values, shape);
        return this;
    }

    /// <summary>A constant of one number.</summary>
    public SearchRun Number<T>(string name, T? value)
        where T : unmanaged
    {
        if (value is not { } number)
        {
            return Omit();
        }

        _names.Add(name);
        _builder.Number(name, TypeOf<T>(), number is Half half ? (double)half : Convert.ToDouble(number, System.Globalization.CultureInfo.InvariantCulture), asNode: false, 1);
        return this;
    }

    /// <summary>The search itself.</summary>
    public OnnxModelBuilder Node(string type, string[] outputs, params (string Name, object Value)[] attributes) => Node(type, outputs, DataType.Float, attributes);

    /// <summary>The search itself, whose scores have the type of its penalties.</summary>
    public OnnxModelBuilder Node(string type, string[] outputs, DataType scores, params (string Name, object Value)[] attributes)
    {
        while (_names[^1].Length == 0)
        {
            _names.RemoveAt(_names.Count - 1);
        }

        _builder.Node($"com.microsoft.{type}", [.. _names], outputs, attributes);
        foreach (string output in outputs.Where(static output => output.Length > 0))
        {
            bool isText = output == "sequences";
            int rank = output switch { "sequences" => type.EndsWith("BeamSearch", StringComparison.Ordinal) ? 3 : 2, "scores" => 4, "silence" => 1, _ => 2 };
            _builder.Output(output, isText ? DataType.Int32 : scores, [.. Enumerable.Range(0, rank).Select(axis => (object)$"{output}_{axis}")]);
        }

        return _builder;
    }

    /// <summary>Results of the compiled model, of a second run as well.</summary>
    public IReadOnlyDictionary<string, Tensor> Run(SmallModels models, string name)
    {
        using CompiledModel model = models.Load(name, _builder);
        using CompiledSession session = model.CreateSession();
        IReadOnlyDictionary<string, Tensor> first = session.Run(_inputs);
        Dictionary<string, byte[]> bytes = first.ToDictionary(static pair => pair.Key, static pair => pair.Value.Bytes.ToArray());
        IReadOnlyDictionary<string, Tensor> second = session.Run(_inputs);
        foreach ((string output, byte[] expected) in bytes)
        {
            Assert.Equal(expected, second[output].Bytes.ToArray());
        }

        foreach (int threads in (int[])[1, 2])
        {
            CheckRuns(model, threads, bytes);
        }

        return second;
    }

    /// <summary>Runs give the same bits with any number of threads and allocate nothing once they are warm.</summary>
    private void CheckRuns(CompiledModel model, int threads, Dictionary<string, byte[]> expected)
    {
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
        using var run = new BoundRun(session, _inputs);
        run.Run();
        run.Run();
        Assert.Equal(0, ThreadAllocations.Measure(run.Run));
        for (int output = 0; output < session.Description.Outputs.Length; output++)
        {
            Assert.Equal(expected[session.Description.Outputs[output].Name], run.Output(output).Bytes.ToArray());
        }
    }

    /// <summary>Results of ONNX Runtime; null where its library can't be had.</summary>
    public Dictionary<string, OnnxRuntimeTensor>? RunReference()
    {
        try
        {
            OnnxRuntimePackage.Restore();
        }
        catch (Exception exception) when (exception is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return null;
        }

        using var session = new OnnxRuntimeSession(_builder.ToBytes(), threads: 1, OnnxRuntimeApi.NoOptimizations);
        return session.Run(_inputs.ToDictionary(static pair => pair.Key, static pair => new OnnxRuntimeTensor(pair.Value.ElementType == ElementType.Int32 ? 6 : 1, pair.Value.Shape.ToArray(), pair.Value.Bytes.ToArray())));
    }

    private static DataType TypeOf<T>() => typeof(T) == typeof(int) ? DataType.Int32 : typeof(T) == typeof(Half) ? DataType.Float16 : DataType.Float;

    /// <summary>Integers of a tensor of ONNX Runtime.</summary>
    public static int[] Integers(OnnxRuntimeTensor tensor) => MemoryMarshal.Cast<byte, int>(tensor.Bytes).ToArray();

    /// <summary>Numbers of a tensor of ONNX Runtime.</summary>
    public static float[] Floats(OnnxRuntimeTensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.Bytes).ToArray();
}
