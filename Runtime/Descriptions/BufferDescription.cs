namespace Cameo.Descriptions;

/// <summary>A buffer in the arena.</summary>
/// <param name="Name">ONNX name of the value it holds.</param>
/// <param name="Offset">Where it begins, in bytes from the arena's start.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="FirstKernel">Index of the kernel that writes it first.</param>
/// <param name="LastKernel">Index of the last kernel that uses it.</param>
public sealed record BufferDescription(string Name, long Offset, long Bytes, int FirstKernel, int LastKernel);
