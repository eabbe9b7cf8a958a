namespace Cameo.Generator.Onnx;

internal static class WeightStreams
{
    /// <summary>The raw little-endian elements of a tensor, to be read once from front to back. The file stays open when the stream is closed.</summary>
    public static Stream Open(Stream file, WeightEntry entry) => entry.Storage switch
    {
        WeightStorage.Raw => new RegionStream(file, entry.Offset, entry.Length),
        _ => new TypedFieldStream(file, entry.Offset, entry.Length, entry.ElementType),
    };
}
