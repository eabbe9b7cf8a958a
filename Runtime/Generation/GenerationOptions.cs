namespace Cameo.Generation;

/// <summary>How tokens are chosen and when generation ends. The words are those of onnxruntime-genai where the meaning is the same.</summary>
public sealed record GenerationOptions
{
    /// <summary>The options used where none are given: greedy, until the state is full.</summary>
    public static GenerationOptions Default { get; } = new();

    /// <summary>Logits are divided by this before sampling; 0 always takes the most likely token.</summary>
    public float Temperature { get; init; }

    /// <summary>Samples among this many most likely tokens; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Samples among the fewest most likely tokens whose probabilities add up to at least this; 1 for all. Applied after <see cref="TopK"/>.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>
    /// Makes tokens of the prompt and the answer less likely: their positive logits are divided by this, negative ones multiplied. 1 for none.
    /// </summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Starts the random numbers, so that the same seed gives the same tokens; null for other ones each time.</summary>
    public long? Seed { get; init; }

    /// <summary>Most tokens to generate, the prompt not counted.</summary>
    public int MaximumTokens { get; init; } = int.MaxValue;

    /// <summary>Tokens that end the generation. They are not part of what is generated.</summary>
    public IReadOnlyList<int> StopTokens { get; init; } = [];

    /// <summary>Sequences of tokens that end the generation once they were generated. They are part of what is generated.</summary>
    public IReadOnlyList<IReadOnlyList<int>> StopSequences { get; init; } = [];

    /// <summary>Throws if a value makes no sense.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Names the value.</exception>
    internal void Check()
    {
        CheckRange(float.IsFinite(Temperature) && Temperature >= 0, nameof(Temperature), Temperature, "a finite number of at least 0");
        CheckRange(TopK >= 0, nameof(TopK), TopK, "at least 0");
        CheckRange(TopP > 0 && TopP <= 1, nameof(TopP), TopP, "more than 0 and at most 1");
        CheckRange(float.IsFinite(RepetitionPenalty) && RepetitionPenalty > 0, nameof(RepetitionPenalty), RepetitionPenalty, "a finite number above 0");
        CheckRange(MaximumTokens >= 0, nameof(MaximumTokens), MaximumTokens, "at least 0");
        for (int index = 0; index < StopSequences.Count; index++)
        {
            int count = StopSequences[index].Count;
            CheckRange(count > 0, nameof(StopSequences), count, "made of sequences of at least one token");
        }
    }

    private static void CheckRange<T>(bool valid, string name, T value, string expected)
    {
        if (!valid)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {expected}.");
        }
    }
}
