using Cameo.Generation;

namespace Cameo.Tests.Generation;

/// <summary>A model that counts: after token t it favours (t + 1) modulo the vocabulary, and next (t + 2), (t + 3) and so on.</summary>
internal sealed class FakeDecoder(int vocabularySize = 16, int capacity = 1000, int chunk = 1000) : IDecoder
{
    private readonly float[] _logits = new float[vocabularySize];
    private readonly int[] _tokens = new int[capacity];

    public List<int> ChunkLengths { get; } = new(capacity + 1);

    public bool FailsNext { get; set; }

    public int VocabularySize => vocabularySize;

    public int Length { get; private set; }

    public int Capacity => capacity;

    public int MaximumPromptChunk => chunk;

    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, Length);

    public ReadOnlySpan<float> Forward(ReadOnlySpan<int> tokens)
    {
        if (tokens.IsEmpty || tokens.Length > chunk)
        {
            throw new ArgumentException($"{tokens.Length} tokens came.");
        }

        if (FailsNext)
        {
            FailsNext = false;
            throw new InvalidOperationException("forced");
        }

        tokens.CopyTo(_tokens.AsSpan(Length));
        Length += tokens.Length;
        ChunkLengths.Add(tokens.Length);
        for (int token = 0; token < vocabularySize; token++)
        {
            int distance = (token - tokens[^1] - 1 + vocabularySize) % vocabularySize;
            _logits[token] = -distance;
        }

        return _logits;
    }

    public void Rewind(int length) => Length = length;

    public void Reset() => Length = 0;
}
