namespace Cameo.Kernels;

/// <summary>What one step of a search for texts reads and writes. Pointers that are null stand for what a model leaves out.</summary>
public unsafe struct TextSearchStep
{
    /// <summary>Operator and node, for messages.</summary>
    public string Node { get; init; }

    /// <summary>The search's memory.</summary>
    public int* State { get; init; }

    /// <summary>Number of texts.</summary>
    public long Batch { get; init; }

    /// <summary>Sequences that are followed for each text.</summary>
    public long Beams { get; init; }

    /// <summary>Tokens of a sequence at most.</summary>
    public long Capacity { get; init; }

    /// <summary>Scores of the next token, [rows, vocabulary]: logits, or logarithms of probabilities in a beam search.</summary>
    public float* Scores { get; init; }

    /// <summary>Rows of the scores: one a sequence, or one a text while its sequences are equal.</summary>
    public long ScoreRows { get; init; }

    /// <summary>Scores of a row.</summary>
    public long Vocabulary { get; init; }

    /// <summary>Memory for the scores of all sequences.</summary>
    public float* Work { get; init; }

    /// <summary>Memory for twice as many candidates as beams, or for the vocabulary's order.</summary>
    public int* Order { get; init; }

    /// <summary>The token that ends a text.</summary>
    public int EndToken { get; init; }

    /// <summary>The token that fills what a text leaves.</summary>
    public int PadToken { get; init; }

    /// <summary>Phrases of so many tokens do not come twice; 0 for no such rule.</summary>
    public long PhraseLength { get; init; }

    /// <summary>Whether a text is done when it has as many finished sequences as beams.</summary>
    public bool StopsEarly { get; init; }

    /// <summary>No text ends before it has so many tokens.</summary>
    public int* MinimumLength { get; init; }

    /// <summary>What divides the scores of tokens that were there before, and multiplies negative ones.</summary>
    public float* RepetitionPenalty { get; init; }

    /// <summary>Allowed tokens, [vocabulary]; 0 forbids.</summary>
    public int* VocabularyMask { get; init; }

    /// <summary>Tokens that are allowed in the first step, [batch, vocabulary].</summary>
    public int* PrefixMask { get; init; }

    /// <summary>How often tokens count as present, [batch, vocabulary].</summary>
    public int* PresenceMask { get; init; }

    /// <summary>What a token's score loses each time.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Exponent of the length that divides the score of a finished sequence.</summary>
    public float* LengthPenalty { get; init; }

    /// <summary>What divides all scores; 1 or nothing leaves them.</summary>
    public float* Temperature { get; init; }

    /// <summary>As <see cref="Temperature"/>, as a number; used where that is null.</summary>
    public float TemperatureNumber { get; init; }

    /// <summary>Not 0 where rules for Whisper's time stamps apply.</summary>
    public int* TimestampRules { get; init; }

    /// <summary>Whisper's tokens that the rules are about.</summary>
    public TimestampTokens Timestamps { get; init; }

    /// <summary>Sum of the probabilities of the tokens that are drawn from.</summary>
    public float TopProbability { get; init; }

    /// <summary>The score of tokens that are not drawn from.</summary>
    public float FilterValue { get; init; }

    /// <summary>So many tokens are drawn from at least.</summary>
    public long MinimumKept { get; init; }

    /// <summary>Whether the likeliest tokens are summed up, instead of the unlikeliest.</summary>
    public bool KeepsLikeliest { get; init; }

    /// <summary>Receives what was drawn from, [batch, vocabulary].</summary>
    public float* Filtered { get; init; }

    /// <summary>Receives a token a sequence.</summary>
    public int* NextTokens { get; init; }

    /// <summary>Receives the sequence that each goes on from.</summary>
    public int* BeamIndices { get; init; }

    /// <summary>Receives whether another step is needed.</summary>
    public bool* GoesOn { get; init; }

    /// <summary>All steps' scores, [steps, rows, vocabulary], of which this step writes its own.</summary>
    public float* AllScores { get; init; }
}
