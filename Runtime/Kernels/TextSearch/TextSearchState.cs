namespace Cameo.Kernels;

/// <summary>
/// Memory that a search for texts keeps from step to step: the sequences so far and their sums of scores, and for each text the finished sequences, best first. One block of 32-bit words, whose
/// content nothing but the search reads.
/// </summary>
internal readonly unsafe struct TextSearchState
{
    // Words before the arrays: the state of the random numbers, the length of the sequences, that of the prompt.
    private const int HeaderWords = 8;

    private readonly int* _words;

    /// <summary>Wraps memory.</summary>
    /// <param name="words">The block.</param>
    /// <param name="batch">Texts.</param>
    /// <param name="beams">Sequences that are followed for each.</param>
    /// <param name="capacity">Tokens of a sequence at most.</param>
    public TextSearchState(int* words, long batch, long beams, long capacity)
    {
        _words = words;
        Batch = checked((int)batch);
        Beams = checked((int)beams);
        Capacity = checked((int)capacity);
    }

    /// <summary>Number of texts.</summary>
    public int Batch { get; }

    /// <summary>Sequences that are followed for each text.</summary>
    public int Beams { get; }

    /// <summary>Tokens of a sequence at most.</summary>
    public int Capacity { get; }

    /// <summary>Sequences of all texts.</summary>
    public int Rows => Batch * Beams;

    /// <summary>State of the random numbers.</summary>
    public ref uint Random => ref *(uint*)_words;

    /// <summary>Tokens of every sequence at the moment.</summary>
    public ref int Length => ref _words[1];

    /// <summary>Tokens of every sequence before the first step.</summary>
    public ref int Start => ref _words[2];

    private int* Tokens => _words + HeaderWords;

    private int* NewTokens => Tokens + ((long)Rows * Capacity);

    private int* FinishedTokens => NewTokens + ((long)Rows * Capacity);

    private int* RowWords => FinishedTokens + ((long)Rows * Capacity);

    /// <summary>Sum of the scores of each sequence.</summary>
    public Span<float> Sums => new(RowWords, Rows);

    /// <summary>Where the finished sequences of a text lie, best first.</summary>
    private int* Slots(int text) => RowWords + Rows + (text * Beams);

    private float* FinishedScores(int text) => (float*)(RowWords + (2 * Rows) + (text * Beams));

    private int* FinishedLengths(int text) => RowWords + (3 * Rows) + (text * Beams);

    private int* TextWords => RowWords + (4 * Rows);

    /// <summary>How many finished sequences of a text there are.</summary>
    public ref int FinishedCount(int text) => ref TextWords[text];

    /// <summary>Whether nothing is looked for any more for a text.</summary>
    public ref int IsDone(int text) => ref TextWords[Batch + text];

    /// <summary>A sequence as far as it goes.</summary>
    public Span<int> Sequence(int row) => new(Tokens + ((long)row * Capacity), Length);

    /// <summary>All places of a sequence.</summary>
    public Span<int> Places(int row) => new(Tokens + ((long)row * Capacity), Capacity);

    /// <summary>A finished sequence by its rank.</summary>
    public ReadOnlySpan<int> Finished(int text, int rank)
    {
        int slot = Slots(text)[rank];
        return new(FinishedTokens + (((long)text * Beams) + slot) * Capacity, FinishedLengths(text)[slot]);
    }

    /// <summary>The score of a finished sequence by its rank.</summary>
    public float FinishedScore(int text, int rank) => FinishedScores(text)[Slots(text)[rank]];

    /// <summary>Sets all words but the tokens to 0.</summary>
    public void Clear()
    {
        new Span<int>(_words, HeaderWords).Clear();
        new Span<int>(RowWords, (4 * Rows) + (2 * Batch)).Clear();
    }

    /// <summary>Puts a token behind each sequence, which goes on from another one of before.</summary>
    /// <param name="tokens">A token a row.</param>
    /// <param name="sources">The row that each goes on from; null where it is the same.</param>
    public void Append(int* tokens, int* sources)
    {
        int length = Length;
        if (sources is not null)
        {
            for (int row = 0; row < Rows; row++)
            {
                Sequence(sources[row]).CopyTo(new Span<int>(NewTokens + ((long)row * Capacity), length));
            }

            for (int row = 0; row < Rows; row++)
            {
                new Span<int>(NewTokens + ((long)row * Capacity), length).CopyTo(Sequence(row));
            }
        }

        Length = length + 1;
        for (int row = 0; row < Rows; row++)
        {
            Sequence(row)[length] = tokens[row];
        }
    }

    /// <summary>Keeps a finished sequence where it is among the best of its text.</summary>
    public void Finish(int text, ReadOnlySpan<int> sequence, float score)
    {
        int* slots = Slots(text);
        ref int count = ref FinishedCount(text);
        if (count == Beams && !(score > FinishedScore(text, count - 1)))
        {
            return;
        }

        int slot = count < Beams ? count++ : slots[count - 1];
        int rank = count - 1;
        for (; rank > 0 && score > FinishedScore(text, rank - 1); rank--)
        {
            slots[rank] = slots[rank - 1];
        }

        slots[rank] = slot;
        FinishedScores(text)[slot] = score;
        FinishedLengths(text)[slot] = sequence.Length;
        sequence.CopyTo(new Span<int>(FinishedTokens + (((long)text * Beams) + slot) * Capacity, Capacity));
    }
}
