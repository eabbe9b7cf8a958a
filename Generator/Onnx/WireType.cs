namespace Cameo.Generator.Onnx;

/// <summary>How protobuf stores a field's value.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    LengthDelimited = 2,
    Fixed32 = 5,
}
