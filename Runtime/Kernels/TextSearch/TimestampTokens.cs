namespace Cameo.Kernels;

/// <summary>Tokens of Whisper that have to do with times.</summary>
/// <param name="First">The token of time 0; those behind it are later.</param>
/// <param name="None">Says that there are no times.</param>
/// <param name="LanguageModel">Begins what came before.</param>
/// <param name="Transcript">Begins a transcript.</param>
/// <param name="Translate">Asks for a translation.</param>
/// <param name="Transcribe">Asks for a transcript.</param>
public readonly record struct TimestampTokens(int First, int None, int LanguageModel, int Transcript, int Translate, int Transcribe);
