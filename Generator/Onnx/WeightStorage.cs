namespace Cameo.Generator.Onnx;

/// <summary>How a file holds a tensor's elements.</summary>
internal enum WeightStorage
{
    /// <summary>As raw little-endian bytes.</summary>
    Raw,

    /// <summary>In a typed field (int32_data, …) of a tensor's message; offset and length are the message's.</summary>
    TypedField,
}
