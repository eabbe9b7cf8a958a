namespace Cameo.Generator.Onnx;

/// <summary>A field of a message in a file: its number and where its value lies.</summary>
/// <param name="Number">The field's number in its message.</param>
/// <param name="Type">How the value is stored.</param>
/// <param name="Start">The offset of the value in the file, behind the tag and the length.</param>
/// <param name="Length">The value's length in bytes.</param>
/// <param name="Value">The value of a varint.</param>
internal readonly record struct WireField(int Number, WireType Type, long Start, long Length, ulong Value)
{
    public long End => Start + Length;

    public bool IsMessageOrBytes => Type == WireType.LengthDelimited;
}
