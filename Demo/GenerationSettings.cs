namespace Cameo.Demo;

/// <summary>What the caller asks of the language model.</summary>
/// <param name="Prompt">Text to continue.</param>
/// <param name="Tokens">Most tokens to generate.</param>
/// <param name="Temperature">0 for always the likeliest token.</param>
/// <param name="TopK">0 for all tokens.</param>
/// <param name="TopP">1 for all tokens.</param>
/// <param name="Seed">Starts the random numbers.</param>
/// <param name="Threads">Threads to compute with; null for the default.</param>
public sealed record GenerationSettings(string Prompt, int Tokens, float Temperature, int TopK, float TopP, long Seed, int? Threads);
