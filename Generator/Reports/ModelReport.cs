namespace Cameo.Generator.Reports;

/// <summary>All that the compiler can tell of a model: for people, in no fixed form.</summary>
/// <param name="Title">Name of the class.</param>
/// <param name="Facts">Names and values of what is true of the model as a whole.</param>
/// <param name="Sections">Tables.</param>
internal sealed record ModelReport(string Title, IReadOnlyList<(string Name, string Value)> Facts, IReadOnlyList<ReportSection> Sections);
