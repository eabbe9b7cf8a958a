namespace Cameo.Generator.Emitting;

/// <summary>Which inputs and outputs a decoder loop drives. Indices are those of the graph.</summary>
/// <param name="Tokens">Input [batch, sequence] with token ids.</param>
/// <param name="Positions">Input [batch, sequence] with positions; -1 where there is none.</param>
/// <param name="Mask">Input [batch, past + sequence] that is 1 at tokens; -1 where there is none.</param>
/// <param name="Logits">Output [batch, sequence, vocabulary].</param>
/// <param name="Vocabulary">Number of tokens.</param>
/// <param name="MaximumChunk">Most tokens a run takes.</param>
internal sealed record GenerationSignature(int Tokens, int Positions, int Mask, int Logits, long Vocabulary, long MaximumChunk);
