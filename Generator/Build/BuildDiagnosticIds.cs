namespace Cameo.Generator.Build;

/// <summary>Ids of what the build tasks find themselves; an id is never used for another meaning.</summary>
internal static class BuildDiagnosticIds
{
    /// <summary>An <c>Onnx…</c> metadata name that is not known.</summary>
    public const string UnknownOption = "CAMEO0050";

    /// <summary>Two models would become classes of the same name.</summary>
    public const string DuplicateClass = "CAMEO0051";

    /// <summary><c>OnnxClass</c>, <c>OnnxNamespace</c> or <c>OnnxWeights</c> has a value that can't be used.</summary>
    public const string InvalidBuildOption = "CAMEO0052";

    /// <summary>Weights can't be packed.</summary>
    public const string PackingFailed = "CAMEO0053";

    /// <summary>The packed weights are too large to be embedded into an assembly.</summary>
    public const string TooLargeToEmbed = "CAMEO0054";

    /// <summary>A file of the build's own output can't be written.</summary>
    public const string OutputFault = "CAMEO0055";

    /// <summary>A model is not a model of all target frameworks; reported by the targets.</summary>
    public const string NotShared = "CAMEO0056";
}
