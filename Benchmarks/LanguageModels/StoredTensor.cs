namespace Cameo.Benchmarks.LanguageModels;

/// <summary>A tensor in the data file that all spellings of a model share.</summary>
/// <param name="Name">Its name in the model.</param>
/// <param name="ElementType">ONNX's number of its element type.</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Write">Writes it.</param>
internal sealed record StoredTensor(string Name, int ElementType, long[] Shape, long Bytes, Action<Stream> Write)
{
    /// <summary>First byte in the file.</summary>
    public long Offset { get; init; }
}
