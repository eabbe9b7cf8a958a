namespace Cameo.Kernels;

/// <summary>What a run of a Winograd convolution's work does.</summary>
internal enum WinogradPhase
{
    /// <summary>Everything; each part has blocks of its own.</summary>
    Blocks,

    /// <summary>All parts transform the input of one block, some channels each.</summary>
    Input,

    /// <summary>All parts multiply one block, some points and panels each.</summary>
    Products,

    /// <summary>All parts transform and write the results of one block, some channels each.</summary>
    Output,
}
