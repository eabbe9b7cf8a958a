using Cameo.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Cameo.Generator.Pipeline;

/// <summary>A diagnostic with the graph text that it is about, still as a value; Roslyn's types would make steps incomparable.</summary>
internal sealed record LocatedDiagnostic(string Path, DiagnosticInfo Info)
{
    public Diagnostic ToDiagnostic()
    {
        LinePosition line = new(Math.Max(0, Info.Line - 1), 0);
        DiagnosticSeverity severity = Info.Severity switch
        {
            DiagnosticLevel.Error => DiagnosticSeverity.Error,
            DiagnosticLevel.Warning => DiagnosticSeverity.Warning,
            _ => DiagnosticSeverity.Info,
        };
        return Diagnostic.Create(
            DiagnosticDescriptors.Get(Info.Id),
            Location.Create(Path, default, new LinePositionSpan(line, line)),
            severity,
            additionalLocations: null,
            properties: null,
            Info.Message);
    }
}
