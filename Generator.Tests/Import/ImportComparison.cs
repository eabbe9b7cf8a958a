using Cameo.Generator.Onnx;
using Cameo.Generator.Onnx.Proto;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Xunit;

namespace Cameo.Tests.Import;

/// <summary>Compares an import with the model itself, read by the protobuf library.</summary>
internal static class ImportComparison
{
    /// <summary>A model as the protobuf library reads it whole.</summary>
    public static ModelProto Parse(string path) => ModelProto.Parser.WithDiscardUnknownFields(true).ParseFrom(File.ReadAllBytes(path));

    /// <summary>
    /// The graph text with the tensors put back must be the model, apart from what the import leaves out on purpose (documentation, metadata,
    /// training, placement) and the form in which a tensor's elements are stored.
    /// </summary>
    public static void AssertSame(ModelProto original, ImportResult result, string modelPath)
    {
        ModelProto imported = GraphTextReader.Read(result.GraphText!);
        using WeightSourceReader weights = new(RoundTrip(result.WeightIndex!), modelPath);
        HashSet<string> used = [];
        foreach (NamedTensor named in ModelTensors.Find(imported))
        {
            if (TensorFacts.Read(named.Tensor) is { } facts)
            {
                Assert.True(used.Add(facts.Weight), $"The weight '{facts.Weight}' is used twice.");
                byte[] data = weights.Read(facts.Weight);
                Assert.Equal(facts.ByteLength, data.Length);
                named.Tensor.ClearDataLocation();
                named.Tensor.ExternalData.Clear();
                named.Tensor.RawData = ByteString.CopyFrom(data);
            }

            Normalize(named.Tensor);
        }

        Assert.Equal(result.WeightIndex!.Entries.Select(static entry => entry.Name).ToHashSet(), used);
        foreach (NamedTensor named in ModelTensors.Find(original))
        {
            Normalize(named.Tensor);
        }

        RemoveLeftOut(original, "");
        Assert.True(original.Equals(imported), "The imported model differs from the original.");
    }

    private static WeightIndex RoundTrip(WeightIndex index)
    {
        StringWriter text = new();
        index.Write(text);
        return WeightIndex.Read(new StringReader(text.ToString()));
    }

    private static void Normalize(TensorProto tensor)
    {
        var type = (TensorProto.Types.DataType)tensor.DataType;
        if (type is TensorProto.Types.DataType.Undefined or TensorProto.Types.DataType.String)
        {
            return;
        }

        ByteString data = ByteString.CopyFrom(TensorData.GetBytes(tensor));
        tensor.Int32Data.Clear();
        tensor.Int64Data.Clear();
        tensor.FloatData.Clear();
        tensor.DoubleData.Clear();
        tensor.Uint64Data.Clear();
        tensor.RawData = data;
    }

    private static void RemoveLeftOut(IMessage message, string path)
    {
        foreach (FieldDescriptor field in message.Descriptor.Fields.InFieldNumberOrder())
        {
            string fieldPath = path + "/" + field.Name;
            bool kept = fieldPath is "/metadata_props" or "/graph/input/doc_string" or "/graph/output/doc_string";
            if (!kept && field.Name is "doc_string" or "metadata_props" or "training_info" or "configuration" or "device_configurations")
            {
                field.Accessor.Clear(message);
            }
            else if (field.FieldType == FieldType.Message)
            {
                object? value = field.Accessor.GetValue(message);
                IEnumerable<IMessage> inner = value switch
                {
                    null => [],
                    IMessage single => [single],
                    _ => ((System.Collections.IEnumerable)value).Cast<IMessage>(),
                };
                foreach (IMessage element in inner)
                {
                    RemoveLeftOut(element, fieldPath);
                }
            }
        }
    }
}
