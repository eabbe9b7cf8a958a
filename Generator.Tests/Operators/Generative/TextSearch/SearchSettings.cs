namespace Cameo.Tests.Operators.Generative.TextSearch;

/// <summary>What a search is asked for.</summary>
internal sealed record SearchSettings
{
    public const int Pad = 0;

    public required int Maximum { get; init; }

    public int End { get; init; } = 99;

    /// <summary>How many of the model's tokens there are; all where nothing is given.</summary>
    public int? Vocabulary { get; init; }

    public int? Minimum { get; init; }

    public float? Penalty { get; init; }

    public int Phrase { get; init; }

    public int[]? VocabularyMask { get; init; }

    public int[]? PrefixMask { get; init; }

    public int Beams { get; init; } = 1;

    public int Returned { get; init; } = 1;

    public float? LengthPenalty { get; init; }

    public bool StopsEarly { get; init; }

    public float? Temperature { get; init; }

    /// <summary>Whisper's tokens where its rules for times apply.</summary>
    public WhisperTokens? Times { get; init; }
}
