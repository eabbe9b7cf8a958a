namespace Cameo.Generator.Onnx;

/// <summary>What the import found wrong with a model; <see cref="Message"/> names the tensor or the byte offset.</summary>
internal sealed record ImportDiagnostic(string Id, ImportDiagnosticSeverity Severity, string Message)
{
    public override string ToString() => $"{Id} {Severity}: {Message}";
}
