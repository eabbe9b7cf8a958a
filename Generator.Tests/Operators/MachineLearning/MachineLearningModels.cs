using System.Runtime.InteropServices;
using Cameo.Generator.Onnx.Proto;
using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Google.Protobuf;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.MachineLearning;

/// <summary>Models of one operator of ai.onnx.ml.</summary>
internal sealed class MachineLearningModels : IDisposable
{
    private readonly SmallModels _models = new();
    private int _count;

    public void Dispose() => _models.Dispose();

    /// <summary>A model whose inputs x, y … and outputs a, b … have the given types and shapes of names that are each used once.</summary>
    public static OnnxModelBuilder Build(string type, int version, (DataType Type, object[] Shape)[] inputs, (DataType Type, int Rank)[] outputs, params (string Name, object Value)[] attributes)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Import("ai.onnx.ml", version);
        for (int index = 0; index < inputs.Length; index++)
        {
            builder.Input(((char)('x' + index)).ToString(), inputs[index].Type, inputs[index].Shape);
        }

        string[] names = [.. Enumerable.Range(0, outputs.Length).Select(static index => ((char)('a' + index)).ToString())];
        builder.Node("ai.onnx.ml." + type, [.. Enumerable.Range(0, inputs.Length).Select(static index => ((char)('x' + index)).ToString())], names, attributes);
        for (int index = 0; index < outputs.Length; index++)
        {
            builder.Output(names[index], outputs[index].Type, [.. Enumerable.Range(0, outputs[index].Rank).Select(axis => (object)$"{names[index]}{axis}")]);
        }

        return builder;
    }

    public CompiledModel Load(OnnxModelBuilder builder) => _models.Load($"MachineLearning{_count++}", builder);

    public string Refusal(OnnxModelBuilder builder) => _models.Refusal($"MachineLearning{_count++}", builder);

    /// <summary>Runs on inputs x, y ….</summary>
    public IReadOnlyDictionary<string, Tensor> Run(OnnxModelBuilder builder, params Tensor[] inputs) => Run(builder, 1, inputs);

    public IReadOnlyDictionary<string, Tensor> Run(OnnxModelBuilder builder, int threads, params Tensor[] inputs)
    {
        using CompiledModel model = Load(builder);
        using CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
        return session.Run(inputs.Select(static (tensor, index) => (tensor, index)).ToDictionary(static entry => ((char)('x' + entry.index)).ToString(), static entry => entry.tensor));
    }

    /// <summary>A tensor attribute of one axis.</summary>
    public static TensorProto Vector<T>(DataType type, params T[] values)
        where T : struct
    {
        var tensor = new TensorProto { Name = "tensor", DataType = (int)type, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<T>(values)) };
        tensor.Dims.Add(values.Length);
        return tensor;
    }
}
