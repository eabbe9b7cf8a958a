namespace Cameo.Generator.Packing;

/// <summary>A source whose tensors can be used where they lie, without being copied into memory first.</summary>
internal interface IMappedTensorSource : ITensorSource
{
    /// <summary>All bytes of a tensor, valid until the source is disposed of; null where they have to be read. May be called from several threads.</summary>
    NativeBuffer? TryMap(string tensor);

    /// <summary>Finds that no mapped file has been cut short; to be called often while their memory is read. May be called from several threads.</summary>
    /// <exception cref="Onnx.ImportException">One has.</exception>
    void RequireLengths();
}
