namespace Cameo.Generator.Onnx;

/// <summary>What an import yields: text and index, or errors.</summary>
/// <param name="GraphText">The graph as text, with large tensors by reference; null after an error.</param>
/// <param name="WeightIndex">Where the bytes of the large tensors lie; null after an error.</param>
/// <param name="Diagnostics">Errors and warnings in the order in which they were found.</param>
internal sealed record ImportResult(string? GraphText, WeightIndex? WeightIndex, IReadOnlyList<ImportDiagnostic> Diagnostics)
{
    public bool Succeeded => GraphText is not null;
}
