namespace Cameo.Tests.Operators.Generative.TextSearch;

/// <summary>Tokens of a small Whisper that have to do with times; those from the first one on are times.</summary>
internal sealed record WhisperTokens(int First, int None, int LanguageModel, int Transcript, int Translate, int Transcribe)
{
    /// <summary>The latest time that may come first, counted from the token of time 0.</summary>
    public const int LatestFirst = 50;

    public (string Name, object Value)[] Attributes =>
    [
        ("beginning_timestamp_token_id", First), ("no_timestamps_token_id", None), ("start_of_lm_token_id", LanguageModel), ("decoder_start_token_id", Transcript), ("translate_token_id", Translate),
        ("transcribe_token_id", Transcribe),
    ];

    public bool IsTime(int token) => token >= First;
}
