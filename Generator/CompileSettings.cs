namespace Cameo.Generator;

/// <summary>What a host may ask of a compilation beyond the graph text, which carries the model and all of the user's options.</summary>
internal sealed record CompileSettings
{
    /// <summary>Keep the graph's text after each pass.</summary>
    public bool DumpStages { get; init; }

    /// <summary>Make a report of all that was found, for people.</summary>
    public bool Report { get; init; }

    /// <summary>Validate the graph after each pass; tests switch it on.</summary>
    public bool Validate { get; init; }

    /// <summary>Namespace for models without an <c>OnnxNamespace</c> option: the project's root namespace.</summary>
    public string DefaultNamespace { get; init; } = "Models";
}
