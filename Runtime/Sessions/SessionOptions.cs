namespace Cameo.Sessions;

/// <summary>What a session may use and hold.</summary>
public sealed record SessionOptions
{
    /// <summary>
    /// Threads a run may use, the calling one included; by default <c>CAMEO_THREADS</c>, else what the process may use.
    /// Results have the same bits for every number.
    /// </summary>
    public int? Threads { get; init; }

    /// <summary>Tokens that each row of the session's states can hold, at most what the model was compiled for; by default all of it.</summary>
    public int? Capacity { get; init; }

    /// <summary>Rows of the batch that states are allocated for at once; by default one, and more when a first run brings more.</summary>
    public int? Batch { get; init; }
}
