namespace Cameo.Generation;

/// <summary>Why a generation ended.</summary>
public enum StopReason
{
    /// <summary>It has not ended.</summary>
    None,

    /// <summary>The model chose one of <see cref="GenerationOptions.StopTokens"/>.</summary>
    StopToken,

    /// <summary>The last tokens are one of <see cref="GenerationOptions.StopSequences"/>.</summary>
    StopSequence,

    /// <summary><see cref="GenerationOptions.MaximumTokens"/> were generated.</summary>
    MaximumTokens,

    /// <summary>The state is full. The last token that was generated is not part of it.</summary>
    Capacity,

    /// <summary>The caller left the loop, cancelled, or an exception was thrown.</summary>
    Interrupted,
}
