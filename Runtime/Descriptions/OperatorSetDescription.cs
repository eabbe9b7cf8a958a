namespace Cameo.Descriptions;

/// <summary>A version of a set of operators.</summary>
/// <param name="Domain">Domain; empty for ONNX's own.</param>
/// <param name="Version">Version the model asks for.</param>
public sealed record OperatorSetDescription(string Domain, long Version);
