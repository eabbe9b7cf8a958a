namespace Cameo.Tests.Conformance;

/// <summary>What is known of a case after it ran with all widths of vectors.</summary>
/// <param name="Compiled">The case and what the compiler made of it.</param>
/// <param name="Outcome">The first verdict that is not a pass, of whichever width; a pass where there is none.</param>
/// <param name="MaximumUlp">The largest difference of all widths.</param>
internal sealed record CaseReport(CompiledCase Compiled, Outcome Outcome, double MaximumUlp)
{
    public ConformanceCase Case => Compiled.Case;
}
