namespace Cameo.Generator.Emitting;

/// <summary>Which inputs and outputs a decoder loop drives.</summary>
/// <param name="Inputs">All inputs of a run, in order.</param>
/// <param name="Logits">Index of the output [batch, sequence, vocabulary], or [batch, 1, vocabulary] where the model itself takes the last position.</param>
/// <param name="Vocabulary">Number of tokens.</param>
/// <param name="MaximumChunk">Most tokens a run takes.</param>
internal sealed record GenerationSignature(IReadOnlyList<GenerationInput> Inputs, int Logits, long Vocabulary, long MaximumChunk);
