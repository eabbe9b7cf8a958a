namespace Cameo.Generator.Onnx;

/// <summary>Ends the reading of a model or a tensor; the importer turns it into a diagnostic.</summary>
internal sealed class ImportException(string id, string message) : Exception(message)
{
    public string Id { get; } = id;
}
