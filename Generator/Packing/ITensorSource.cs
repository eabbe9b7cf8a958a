namespace Cameo.Generator.Packing;

/// <summary>The bytes of a model's tensors, as ONNX's <c>raw_data</c> holds them: dense, row-major, little-endian. All members may be called from several threads.</summary>
internal interface ITensorSource
{
    /// <summary>Whether a part of the tensor can be read without reading what lies before it.</summary>
    bool CanReadRanges(string tensor);

    /// <summary>Reads bytes from <paramref name="offset"/> on until <paramref name="count"/> bytes stand in <paramref name="destination"/>.</summary>
    void Read(string tensor, long offset, byte[] destination, int count);

    /// <summary>All bytes of the tensor, to be read once from front to back.</summary>
    Stream OpenRead(string tensor);
}
