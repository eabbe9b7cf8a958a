namespace Cameo.Generation;

/// <summary>A session of a model that continues a sequence of tokens: one row, with state. Generated sessions of language models implement it.</summary>
public interface IDecoder
{
    /// <summary>Number of tokens the model knows, and of logits it gives.</summary>
    int VocabularySize { get; }

    /// <summary>Tokens in the state.</summary>
    int Length { get; }

    /// <summary>Tokens the state can hold.</summary>
    int Capacity { get; }

    /// <summary>Most tokens one <see cref="Forward"/> takes.</summary>
    int MaximumPromptChunk { get; }

    /// <summary>Appends tokens to the state.</summary>
    /// <param name="tokens">At least one, at most <see cref="MaximumPromptChunk"/>.</param>
    /// <returns>The logits of the last position, <see cref="VocabularySize"/> of them, valid until the session is used again.</returns>
    ReadOnlySpan<float> Forward(ReadOnlySpan<int> tokens);

    /// <summary>Drops the last tokens of the state.</summary>
    /// <param name="length">Tokens to keep.</param>
    void Rewind(int length);

    /// <summary>Drops all tokens of the state.</summary>
    void Reset();
}
