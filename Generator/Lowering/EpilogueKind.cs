namespace Cameo.Generator.Lowering;

/// <summary>How a kernel hands its results to an epilogue.</summary>
internal enum EpilogueKind
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>By row and column, lanes along columns.</summary>
    Matrix,

    /// <summary>By channel and offset in an NCHW result, lanes along pixels.</summary>
    Channel,
}
