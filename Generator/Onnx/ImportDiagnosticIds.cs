namespace Cameo.Generator.Onnx;

/// <summary>The ids of the import's diagnostics. An id keeps its meaning for ever and is never given to another one.</summary>
internal static class ImportDiagnosticIds
{
    /// <summary>The model file can't be opened or read.</summary>
    public const string UnreadableFile = "CAMEO0001";

    /// <summary>The bytes are not a protobuf message: cut off, a length beyond the end, an unknown wire type.</summary>
    public const string MalformedFile = "CAMEO0002";

    /// <summary>The file has no graph.</summary>
    public const string NoGraph = "CAMEO0003";

    /// <summary>Graphs or types are nested too deeply.</summary>
    public const string NestedTooDeeply = "CAMEO0004";

    /// <summary>The graph without its tensors is too large to compile.</summary>
    public const string GraphTooLarge = "CAMEO0005";

    /// <summary>A tensor has a negative dimension or more elements than can be addressed.</summary>
    public const string InvalidShape = "CAMEO0006";

    /// <summary>A tensor's data have another size than its shape and element type ask for.</summary>
    public const string DataSizeMismatch = "CAMEO0007";

    /// <summary>A tensor has an element type that is not known.</summary>
    public const string UnknownElementType = "CAMEO0008";

    /// <summary>External data lie outside the model's folder.</summary>
    public const string ExternalDataOutsideFolder = "CAMEO0009";

    /// <summary>A file of external data is missing or can't be read.</summary>
    public const string ExternalDataUnreadable = "CAMEO0010";

    /// <summary>External data are described wrongly or lie beyond the end of their file.</summary>
    public const string InvalidExternalData = "CAMEO0011";

    /// <summary>A tensor's data are stored in a way that ONNX does not define for its element type.</summary>
    public const string InvalidTensorData = "CAMEO0012";

    /// <summary>The model's IR version is newer than this importer.</summary>
    public const string NewerVersion = "CAMEO0013";

    /// <summary>The model's own metadata use a key that is reserved for the project's options.</summary>
    public const string ReservedMetadata = "CAMEO0014";

    /// <summary>A fault of the importer.</summary>
    public const string InternalError = "CAMEO0019";
}
