namespace Cameo.Tests.Conformance;

/// <summary>A case of a suite: a model with one set of inputs and, unless it must be refused, outputs.</summary>
/// <param name="Suite">Name of the zip file without its extension.</param>
/// <param name="Folder">Path of the case inside the zip file, without a slash at the end.</param>
public sealed record ConformanceCase(string Suite, string Folder)
{
    /// <summary>Cases below this folder must be refused, when they are built or when they are run.</summary>
    private const string NegativePrefix = "negative/";

    public string Key => $"{Suite}/{Folder}";

    /// <summary>The case's own name, by which the data's notes speak of it.</summary>
    public string Name => Folder[(Folder.LastIndexOf('/') + 1)..];

    /// <summary>Whether the model, or the model with these inputs, must be refused.</summary>
    public bool IsNegative => Folder.StartsWith(NegativePrefix, StringComparison.Ordinal);
}
