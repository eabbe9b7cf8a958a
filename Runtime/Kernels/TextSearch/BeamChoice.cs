namespace Cameo.Kernels;

/// <summary>Chooses the sequences with which a beam search goes on, and keeps those that end.</summary>
internal static unsafe class BeamChoice
{
    /// <summary>The score of a finished sequence: its sum, divided by a power of its length.</summary>
    public static float Score(float sum, int length, float penalty) => sum / MathF.Pow(length, penalty);

    /// <summary>Chooses for all texts, from the scores with sums in <see cref="TextSearchStep.Work"/>.</summary>
    public static void Run(in TextSearchStep step, TextSearchState state)
    {
        int beams = state.Beams, vocabulary = (int)step.Vocabulary;
        float penalty = step.LengthPenalty is null ? 1 : *step.LengthPenalty;
        for (int text = 0; text < state.Batch; text++)
        {
            int first = text * beams;
            if (state.IsDone(text) != 0)
            {
                for (int beam = 0; beam < beams; beam++)
                {
                    state.Sums[first + beam] = 0;
                    step.NextTokens[first + beam] = step.PadToken;
                    step.BeamIndices[first + beam] = 0;
                }

                continue;
            }

            // Twice as many candidates as beams: as many may end as there are beams, and the others go on.
            var scores = new ReadOnlySpan<float>(step.Work + ((long)first * vocabulary), beams * vocabulary);
            var candidates = new Span<int>(step.Order, 2 * beams);
            Best(scores, candidates);
            int chosen = 0;
            for (int rank = 0; rank < candidates.Length && chosen < beams; rank++)
            {
                int row = first + (candidates[rank] / vocabulary), token = candidates[rank] % vocabulary;
                float sum = scores[candidates[rank]];
                if (token != step.EndToken)
                {
                    state.Sums[first + chosen] = sum;
                    step.NextTokens[first + chosen] = token;
                    step.BeamIndices[first + chosen] = row;
                    chosen++;
                }
                else if (rank < beams)
                {
                    state.Finish(text, state.Sequence(row), Score(sum, state.Length, penalty));
                }
            }

            state.IsDone(text) = state.FinishedCount(text) == beams
                && (step.StopsEarly || state.FinishedScore(text, beams - 1) >= Score(scores[candidates[0]], state.Length, penalty)) ? 1 : 0;
        }
    }

    /// <summary>Places of the largest numbers, largest first; of equal ones the first.</summary>
    private static void Best(ReadOnlySpan<float> scores, Span<int> places)
    {
        int count = 0;
        for (int index = 0; index < scores.Length; index++)
        {
            if (count == places.Length && !(scores[index] > scores[places[count - 1]]))
            {
                continue;
            }

            int rank = count < places.Length ? count++ : count - 1;
            for (; rank > 0 && scores[index] > scores[places[rank - 1]]; rank--)
            {
                places[rank] = places[rank - 1];
            }

            places[rank] = index;
        }
    }
}
