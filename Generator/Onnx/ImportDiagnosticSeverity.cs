namespace Cameo.Generator.Onnx;

internal enum ImportDiagnosticSeverity
{
    Warning,
    Error,
}
