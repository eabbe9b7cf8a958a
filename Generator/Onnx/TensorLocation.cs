namespace Cameo.Generator.Onnx;

/// <summary>Where the data of a tensor lie in the model's file.</summary>
internal sealed class TensorLocation
{
    /// <summary>The offset of the tensor's message.</summary>
    public required long MessageStart { get; init; }

    public required long MessageEnd { get; init; }

    public bool HasRawData { get; private set; }

    public long RawStart { get; private set; }

    public long RawLength { get; private set; }

    /// <summary>The field among float_data, int32_data, … that holds elements; 0 if there is none.</summary>
    public int TypedField { get; private set; }

    /// <summary>Elements stand in more than one of those fields, which ONNX does not allow.</summary>
    public bool HasSeveralTypedFields { get; private set; }

    /// <summary>All elements lie in one packed value.</summary>
    public bool IsOnePackedValue { get; private set; }

    public long PackedStart { get; private set; }

    public long PackedLength { get; private set; }

    public void AddRaw(in WireField field)
    {
        // As everywhere in protobuf, the last value of a singular field counts.
        HasRawData = true;
        RawStart = field.Start;
        RawLength = field.Length;
    }

    public void AddTyped(in WireField field)
    {
        HasSeveralTypedFields |= TypedField != 0 && TypedField != field.Number;
        IsOnePackedValue = TypedField == 0 && field.IsMessageOrBytes;
        TypedField = field.Number;
        PackedStart = field.Start;
        PackedLength = field.Length;
    }
}
