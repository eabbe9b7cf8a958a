namespace Cameo.Generator.Diagnostics;

/// <summary>Ids of the compiler's diagnostics. An id is never used for another meaning; CAMEO0001 to CAMEO0099 belong to the import.</summary>
internal static class DiagnosticIds
{
    /// <summary>An option has a value that cannot be understood.</summary>
    public const string InvalidOption = "CAMEO0101";

    /// <summary>The model breaks ONNX's rules: a missing input, a shape that does not fit, an unknown name.</summary>
    public const string InvalidModel = "CAMEO0102";

    /// <summary>An operator, or a version of it, that Cameo does not know.</summary>
    public const string UnsupportedOperator = "CAMEO0103";

    /// <summary>A known operator with attributes, types or shapes that are not supported.</summary>
    public const string UnsupportedUse = "CAMEO0104";

    /// <summary>The compiler failed unexpectedly: please report it.</summary>
    public const string InternalError = "CAMEO0199";

    /// <summary>A fast path was not taken; the model works.</summary>
    public const string MissedOptimization = "CAMEO0201";

    /// <summary>A state's capacity was chosen by default.</summary>
    public const string DefaultCapacity = "CAMEO0202";

    /// <summary>No Generate method was made, with the reason.</summary>
    public const string NoGeneration = "CAMEO0203";

    /// <summary>An output has another form than the model says.</summary>
    public const string OutputForm = "CAMEO0204";

    /// <summary>A branch's sizes contradict each other: a run that takes it fails.</summary>
    public const string ContradictoryBranch = "CAMEO0205";
}
