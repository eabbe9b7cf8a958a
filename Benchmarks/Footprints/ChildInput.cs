namespace Cameo.Benchmarks.Footprints;

/// <summary>An input of a model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="ElementType">Its element type by ONNX's number.</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="File">A file of its bytes.</param>
internal sealed record ChildInput(string Name, int ElementType, long[] Shape, string File);
