using System.Text;
using Cameo.Sessions;

namespace Cameo.Tests.Conformance;

/// <summary>Brings the values of cases into the form of the untyped interface, and its results back.</summary>
internal static class SessionValues
{
    /// <summary>The outputs in the graph's order.</summary>
    public static CaseValue?[] Run(CompiledSession session, CompiledCase compiled, CaseValue[] inputs)
    {
        Dictionary<string, ModelValue?> named = new(StringComparer.Ordinal);
        for (int index = 0; index < inputs.Length; index++)
        {
            named.Add(compiled.Inputs[index].Name, ToValue(inputs[index]));
        }

        IReadOnlyDictionary<string, ModelValue?> outputs = session.Run(named);
        return [.. compiled.Outputs.Select(slot => FromValue(outputs[slot.Name]))];
    }

    private static ModelValue? ToValue(CaseValue value) => value.Content switch
    {
        null => null,
        SequenceValue sequence => new TensorList(sequence.Elements is [TensorValue first, ..] ? first.ElementType : ElementType.Undefined, sequence.Elements.Select(ToTensor)),
        var content => ToTensor(content),
    };

    private static CaseValue? FromValue(ModelValue? value) => value switch
    {
        null => null,
        TensorList list => new SequenceValue([.. list.Select(FromTensor)]),
        Tensor tensor => FromTensor(tensor),
        _ => throw new NotSupportedException($"The harness does not know {value}."),
    };

    private static Tensor ToTensor(CaseValue value) => value switch
    {
        TensorValue { Strings: { } texts } tensor => Tensor.Create([.. texts.Select(Encoding.UTF8.GetString)], tensor.Shape),
        TensorValue tensor => Tensor.FromBytes(tensor.ElementType, tensor.Bytes, tensor.Shape),
        _ => throw new NotSupportedException($"The untyped interface does not take {value}."),
    };

    private static TensorValue FromTensor(Tensor tensor) => tensor.ElementType == ElementType.String
        ? new(tensor.ElementType, tensor.Shape.ToArray(), [], [.. tensor.Texts.ToArray().Select(Encoding.UTF8.GetBytes)])
        : new(tensor.ElementType, tensor.Shape.ToArray(), tensor.Bytes.ToArray());
}
