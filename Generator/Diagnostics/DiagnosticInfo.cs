namespace Cameo.Generator.Diagnostics;

/// <summary>A diagnostic as a value: what the compiler reports, without Roslyn's types.</summary>
/// <param name="Id">One of <see cref="DiagnosticIds"/>.</param>
/// <param name="Severity">Whether the model can still be built.</param>
/// <param name="Message">What is wrong, with the node's name, operator and opset.</param>
/// <param name="Line">1-based line in the graph text; 0 where none applies.</param>
internal sealed record DiagnosticInfo(string Id, DiagnosticLevel Severity, string Message, int Line = 0)
{
    /// <summary>Whether sizes contradict each other, which in a branch is an error only of runs that take it.</summary>
    public bool IsContradiction { get; init; }

    public override string ToString() => $"{Severity.ToString().ToLowerInvariant()} {Id}: {Message}";
}

/// <summary>How grave a diagnostic is.</summary>
internal enum DiagnosticLevel
{
    Info,
    Warning,
    Error,
}
