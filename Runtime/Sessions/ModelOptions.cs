using Cameo.Memory;

namespace Cameo.Sessions;

/// <summary>How a model is loaded.</summary>
public sealed record ModelOptions
{
    /// <summary>Path of the weight file; otherwise the embedded weights, or the file of the model's name beside the program.</summary>
    public string? WeightsPath { get; init; }

    /// <summary>
    /// Whether the checksum over the weights is compared, which reads all of them: always for <see langword="true"/>, never for
    /// <see langword="false"/>, and by default for files below 64 MiB. Header, length and identity are always checked.
    /// </summary>
    public bool? VerifyWeights { get; init; }

    /// <summary>Whether weights that lie in a file are mapped or copied.</summary>
    public WeightMemory WeightMemory { get; init; }

    /// <summary>Threads for what is prepared once at load; by default <see cref="Threading.WorkerPool.Threads"/>.</summary>
    public int? Threads { get; init; }
}
