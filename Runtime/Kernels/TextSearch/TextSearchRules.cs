namespace Cameo.Kernels;

/// <summary>
/// Rules that change the scores of the next token before one is chosen, in the order in which ONNX Runtime's operators apply them: repetition, phrases, vocabulary, prefix, length, temperature,
/// presence, time stamps.
/// </summary>
internal static unsafe class TextSearchRules
{
    // The score of what is forbidden: the lowest finite one, so that sums and softmax stay numbers.
    private const float Forbidden = float.MinValue;

    // How late the first time stamp may be: 50 steps of 20 ms.
    private const int LastInitialTimestamp = 50;

    /// <summary>Applies the rules to the scores of all sequences.</summary>
    public static void Apply(in TextSearchStep step, TextSearchState state)
    {
        int vocabulary = checked((int)step.Vocabulary);
        bool isFirst = state.Length == state.Start;
        float repetition = step.RepetitionPenalty is null ? 1 : *step.RepetitionPenalty;
        float temperature = step.Temperature is null ? step.TemperatureNumber : *step.Temperature;
        for (int row = 0; row < state.Rows; row++)
        {
            int text = row / state.Beams;
            var scores = new Span<float>(step.Work + (row * step.Vocabulary), vocabulary);
            ReadOnlySpan<int> sequence = state.Sequence(row);
            if (repetition != 1)
            {
                Repetition(scores, sequence, repetition, step.Node);
            }

            Phrases(scores, sequence, step.PhraseLength, step.Node);
            Mask(scores, step.VocabularyMask);
            if (isFirst && step.PrefixMask is not null)
            {
                Mask(scores, step.PrefixMask + (text * step.Vocabulary));
            }

            if (step.MinimumLength is not null && sequence.Length < *step.MinimumLength && (uint)step.EndToken < (uint)vocabulary)
            {
                scores[step.EndToken] = Forbidden;
            }

            if (temperature > 0 && temperature != 1)
            {
                foreach (ref float score in scores)
                {
                    score /= temperature;
                }
            }

            if (step.PresenceMask is not null && step.PresencePenalty != 0)
            {
                int* presence = step.PresenceMask + (text * step.Vocabulary);
                for (int token = 0; token < vocabulary; token++)
                {
                    scores[token] -= presence[token] * step.PresencePenalty;
                }
            }

            if (step.TimestampRules is not null && *step.TimestampRules == 1)
            {
                Times(scores, sequence, step.Timestamps, step.EndToken);
            }
        }
    }

    private static void Repetition(Span<float> scores, ReadOnlySpan<int> sequence, float penalty, string node)
    {
        for (int index = 0; index < sequence.Length; index++)
        {
            // Each token once, however often it came.
            int token = Known(sequence[index], scores.Length, node);
            if (!sequence[..index].Contains(token))
            {
                scores[token] = scores[token] < 0 ? scores[token] * penalty : scores[token] / penalty;
            }
        }
    }

    private static void Phrases(Span<float> scores, ReadOnlySpan<int> sequence, long length, string node)
    {
        if (length == 0 || length > sequence.Length)
        {
            return;
        }

        int prefix = (int)length - 1;
        ReadOnlySpan<int> tail = sequence[^prefix..];
        for (int start = 0; start + prefix < sequence.Length; start++)
        {
            if (tail.SequenceEqual(sequence.Slice(start, prefix)))
            {
                scores[Known(sequence[start + prefix], scores.Length, node)] = Forbidden;
            }
        }
    }

    private static void Mask(Span<float> scores, int* mask)
    {
        for (int token = 0; mask is not null && token < scores.Length; token++)
        {
            if (mask[token] == 0)
            {
                scores[token] = Forbidden;
            }
        }
    }

    /// <summary>Time stamps come in pairs, do not go back, and the first is not late.</summary>
    private static void Times(Span<float> scores, ReadOnlySpan<int> sequence, TimestampTokens tokens, int end)
    {
        int begin = 0;
        while (begin < sequence.Length && sequence[begin++] < tokens.First)
        {
        }

        Forbid(scores, tokens.None, tokens.None + 1);
        Forbid(scores, tokens.LanguageModel, tokens.LanguageModel + 1);
        if (sequence.Length > begin)
        {
            Forbid(scores, tokens.Transcript, tokens.Transcript + 1);
            Forbid(scores, tokens.Translate, tokens.Translate + 1);
            Forbid(scores, tokens.Transcribe, tokens.Transcribe + 1);
        }

        bool last = sequence.Length > 0 && sequence[^1] >= tokens.First;
        bool beforeLast = sequence.Length <= begin || sequence[^2] >= tokens.First;
        if (last)
        {
            Forbid(scores, beforeLast ? tokens.First : 0, beforeLast ? scores.Length : end);
        }

        int latest = -1;
        foreach (int token in sequence)
        {
            latest = token >= tokens.First ? token : latest;
        }

        if (latest >= 0)
        {
            Forbid(scores, tokens.First, last && !beforeLast ? latest : latest + 1);
        }

        if (sequence.Length == begin)
        {
            Forbid(scores, tokens.First + LastInitialTimestamp + 1, scores.Length);
        }

        TimesOrText(scores, tokens.First);
    }

    /// <summary>Where times together are likelier than every other token, a time comes.</summary>
    private static void TimesOrText(Span<float> scores, int first)
    {
        float text = float.NegativeInfinity, time = float.NegativeInfinity;
        for (int token = 0; token < scores.Length; token++)
        {
            if (token < first)
            {
                text = Math.Max(text, scores[token]);
            }
            else
            {
                time = Math.Max(time, scores[token]);
            }
        }

        double sum = 0;
        for (int token = first; token < scores.Length; token++)
        {
            sum += Math.Exp((double)scores[token] - time);
        }

        if (scores.Length > first && time > Forbidden && time + Math.Log(sum) > text)
        {
            Forbid(scores, 0, first);
        }
    }

    private static void Forbid(Span<float> scores, int from, int to)
    {
        from = Math.Clamp(from, 0, scores.Length);
        scores[from..Math.Clamp(to, from, scores.Length)].Fill(Forbidden);
    }

    private static int Known(int token, int vocabulary, string node) =>
        (uint)token < (uint)vocabulary ? token : throw new IndexOutOfRangeException($"{node}: token {token} has none of {vocabulary} scores.");
}
