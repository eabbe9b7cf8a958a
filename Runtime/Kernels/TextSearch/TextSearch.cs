using System.Runtime.InteropServices;

namespace Cameo.Kernels;

/// <summary>
/// Searches for texts with a model that scores the next token (com.microsoft's GreedySearch, Sampling, BeamSearch, WhisperBeamSearch): what happens between two runs of the model. All of it is
/// on one thread; the model's run is what takes time.
/// </summary>
public static unsafe class TextSearch
{
    // The sum that all beams but the first begin with, so that equal sequences do not make the same choices.
    private const float LaterBeam = -1e9f;

    /// <summary>Makes positions and mask of the tokens that a decoder begins with, for all sequences.</summary>
    /// <param name="tokens">[batch, length].</param>
    /// <param name="mask">Given mask, as the tokens; null where padding is masked.</param>
    /// <param name="batch">Number of texts.</param>
    /// <param name="beams">Sequences of a text.</param>
    /// <param name="capacity">Tokens of a sequence at most.</param>
    /// <param name="length">Tokens of a row.</param>
    /// <param name="padToken">The token of padding, which has no position.</param>
    /// <param name="allTokens">Receives the tokens, [batch·beams, length].</param>
    /// <param name="positions">Receives the number of tokens before each.</param>
    /// <param name="allMask">Receives 1 for what is attended to, [batch·beams, capacity].</param>
    /// <param name="nextPositions">Receives the position behind, [batch·beams].</param>
    public static void BeginDecoder(int* tokens, int* mask, long batch, long beams, long capacity, long length, int padToken, int* allTokens, int* positions, int* allMask, int* nextPositions)
    {
        for (long row = 0; row < batch * beams; row++)
        {
            long source = row / beams * length, target = row * length;
            var rowMask = new Span<int>(allMask + (row * capacity), (int)capacity);
            rowMask[(int)length..].Fill(1);
            int position = 0;
            for (long index = 0; index < length; index++)
            {
                int token = tokens[source + index];
                allTokens[target + index] = token;
                rowMask[(int)index] = mask is not null ? mask[source + index] : token == padToken ? 0 : 1;
                positions[target + index] = token == padToken ? 0 : position++;
            }

            nextPositions[row] = position;
        }
    }

    /// <summary>Makes the mask of an encoder's tokens: padding at the left counts for nothing; at the end the same token may be the text's own.</summary>
    /// <param name="tokens">[batch, length].</param>
    /// <param name="batch">Number of texts.</param>
    /// <param name="length">Tokens of a row.</param>
    /// <param name="padToken">The token of padding.</param>
    /// <param name="mask">Receives 1 for what is attended to.</param>
    public static void BeginEncoder(int* tokens, long batch, long length, int padToken, int* mask)
    {
        for (long row = 0; row < batch; row++, tokens += length, mask += length)
        {
            bool isText = false;
            for (long index = 0; index < length; index++)
            {
                isText |= tokens[index] != padToken;
                mask[index] = isText ? 1 : 0;
            }
        }
    }

    /// <summary>Fills the memory of a search.</summary>
    /// <param name="words">The memory.</param>
    /// <param name="batch">Number of texts.</param>
    /// <param name="beams">Sequences of a text.</param>
    /// <param name="capacity">Tokens of a sequence at most.</param>
    /// <param name="tokens">What the sequences begin with, [batch, length].</param>
    /// <param name="length">Tokens of a row.</param>
    /// <param name="padToken">The token of padding.</param>
    /// <param name="seed">Seed of random choices.</param>
    public static void Begin(int* words, long batch, long beams, long capacity, int* tokens, long length, int padToken, long seed)
    {
        var state = new TextSearchState(words, batch, beams, capacity);
        state.Clear();
        state.Length = state.Start = (int)length;
        state.Random = MinimalRandom.Begin(seed);
        for (int row = 0; row < state.Rows; row++)
        {
            state.Places(row).Fill(padToken);
            new Span<int>(tokens + (row / beams * length), (int)length).CopyTo(state.Sequence(row));
            state.Sums[row] = row % beams == 0 ? 0 : LaterBeam;
        }
    }

    /// <summary>Sets scores to 0: steps that are not made leave theirs so.</summary>
    /// <param name="scores">The scores.</param>
    /// <param name="count">How many.</param>
    public static void Clear(float* scores, long count) => NativeMemory.Clear(scores, (nuint)count * sizeof(float));

    /// <summary>Takes the likeliest token, or draws one.</summary>
    /// <param name="step">What is read and written.</param>
    /// <param name="draws">Whether to draw.</param>
    /// <exception cref="ArgumentException">A penalty or length does not fit.</exception>
    public static void Choose(in TextSearchStep step, bool draws)
    {
        TextSearchState state = Prepare(step);
        for (int row = 0; row < state.Rows; row++)
        {
            var scores = new Span<float>(step.Work + (row * step.Vocabulary), (int)step.Vocabulary);
            int token = draws ? TextSampling.Draw(step, scores, ref state.Random) : Largest(scores);
            ref int isDone = ref state.IsDone(row);
            isDone |= token == step.EndToken ? 1 : 0;
            step.NextTokens[row] = isDone != 0 ? step.PadToken : token;
        }

        if (step.Filtered is not null)
        {
            new Span<float>(step.Work, checked((int)(state.Rows * step.Vocabulary))).CopyTo(new Span<float>(step.Filtered, checked((int)(state.Rows * step.Vocabulary))));
        }

        state.Append(step.NextTokens, null);
        GoOn(step, state, checksDone: true);
    }

    /// <summary>Goes on with the best sequences of each text.</summary>
    /// <param name="step">What is read and written.</param>
    /// <param name="checksDone">Whether the search ends when all texts are done; after the first step of an encoder it does not.</param>
    /// <exception cref="ArgumentException">A penalty or length does not fit.</exception>
    public static void FollowBeams(in TextSearchStep step, bool checksDone)
    {
        TextSearchState state = Prepare(step);
        int vocabulary = (int)step.Vocabulary;
        for (int row = 0; row < state.Rows; row++)
        {
            float sum = state.Sums[row];
            foreach (ref float score in new Span<float>(step.Work + ((long)row * vocabulary), vocabulary))
            {
                score += sum;
            }
        }

        if (step.AllScores is not null)
        {
            long count = (long)state.Rows * vocabulary;
            Buffer.MemoryCopy(step.Work, step.AllScores + ((state.Length - state.Start) * count), count * sizeof(float), count * sizeof(float));
        }

        BeamChoice.Run(step, state);
        state.Append(step.NextTokens, step.BeamIndices);
        GoOn(step, state, checksDone);
    }

    /// <summary>The tokens of all sequences so far.</summary>
    /// <param name="words">The search's memory.</param>
    /// <param name="batch">Number of texts.</param>
    /// <param name="beams">Sequences of a text.</param>
    /// <param name="capacity">Tokens of a sequence at most.</param>
    /// <param name="length">Tokens of a sequence that are asked for.</param>
    /// <param name="tokens">Receives [batch·beams, length].</param>
    public static void Read(int* words, long batch, long beams, long capacity, long length, int* tokens)
    {
        var state = new TextSearchState(words, batch, beams, capacity);
        for (int row = 0; row < state.Rows; row++)
        {
            state.Places(row)[..(int)length].CopyTo(new Span<int>(tokens + (row * length), (int)length));
        }
    }

    /// <summary>The texts that were found: the best finished sequences, or the only ones.</summary>
    /// <param name="words">The search's memory.</param>
    /// <param name="batch">Number of texts.</param>
    /// <param name="beams">Sequences of a text.</param>
    /// <param name="capacity">Tokens of a sequence at most.</param>
    /// <param name="wanted">How many of each text are wanted; 0 for the sequences as they are.</param>
    /// <param name="lengthPenalty">Exponent of the length; null for 1.</param>
    /// <param name="padToken">The token of padding.</param>
    /// <param name="tokens">Receives [batch, wanted, capacity].</param>
    /// <param name="scores">Receives [batch, wanted]; null where they are not wanted.</param>
    public static void End(int* words, long batch, long beams, long capacity, long wanted, float* lengthPenalty, int padToken, int* tokens, float* scores)
    {
        var state = new TextSearchState(words, batch, beams, capacity);
        if (wanted == 0)
        {
            Read(words, batch, beams, capacity, capacity, tokens);
            return;
        }

        float penalty = lengthPenalty is null ? 1 : *lengthPenalty;
        for (int text = 0; text < state.Batch; text++)
        {
            for (int beam = 0; state.IsDone(text) == 0 && beam < state.Beams; beam++)
            {
                int row = (text * state.Beams) + beam;
                state.Finish(text, state.Sequence(row), BeamChoice.Score(state.Sums[row], state.Length, penalty));
            }

            for (int rank = 0; rank < wanted; rank++)
            {
                var target = new Span<int>(tokens + (((text * wanted) + rank) * capacity), state.Capacity);
                ReadOnlySpan<int> sequence = state.Finished(text, rank);
                sequence.CopyTo(target);
                target[sequence.Length..].Fill(padToken);
                if (scores is not null)
                {
                    scores[(text * wanted) + rank] = state.FinishedScore(text, rank);
                }
            }
        }
    }

    /// <summary>Checks what a run gives as data, and brings the scores of all sequences into their place with all rules applied.</summary>
    private static TextSearchState Prepare(in TextSearchStep step)
    {
        var state = new TextSearchState(step.State, step.Batch, step.Beams, step.Capacity);
        if (step.RepetitionPenalty is not null && !(*step.RepetitionPenalty > 0))
        {
            throw new ArgumentException($"{step.Node}: the repetition penalty is {*step.RepetitionPenalty} and must be more than 0.");
        }

        if (step.MinimumLength is not null && *step.MinimumLength >= step.Capacity && step.BeamIndices is not null)
        {
            throw new ArgumentException($"{step.Node}: the minimum length {*step.MinimumLength} must be less than the maximum length {step.Capacity}.");
        }

        long bytes = step.Vocabulary * sizeof(float);
        for (int row = 0; row < state.Rows; row++)
        {
            long source = step.ScoreRows == state.Rows ? row : row / state.Beams;
            Buffer.MemoryCopy(step.Scores + (source * step.Vocabulary), step.Work + (row * step.Vocabulary), bytes, bytes);
        }

        TextSearchRules.Apply(step, state);
        return state;
    }

    private static void GoOn(in TextSearchStep step, TextSearchState state, bool checksDone)
    {
        bool isDone = checksDone;
        for (int text = 0; text < state.Batch; text++)
        {
            isDone &= state.IsDone(text) != 0;
        }

        *step.GoesOn = !isDone && state.Length < state.Capacity;
    }

    private static int Largest(ReadOnlySpan<float> scores)
    {
        int best = 0;
        for (int token = 1; token < scores.Length; token++)
        {
            best = scores[token] > scores[best] ? token : best;
        }

        return best;
    }
}
