namespace Cameo.Tests.Operators.Generative.TextSearch;

/// <summary>Searches as their definition says, one text after the other: all tokens are scored anew in each step.</summary>
/// <param name="settings">What is asked for.</param>
/// <param name="score">Scores of the token behind a sequence.</param>
internal sealed class SearchReference(SearchSettings settings, Func<IReadOnlyList<int>, double[]> score)
{
    private const double Forbidden = float.MinValue;

    /// <summary>The likeliest token in each step.</summary>
    public int[] Greedy(int[] prompt, int text)
    {
        List<int> tokens = [.. prompt];
        bool isDone = false;
        while (tokens.Count < settings.Maximum)
        {
            double[] scores = Ruled(Scores(tokens), tokens, text, prompt.Length);
            int best = Array.IndexOf(scores, scores.Max());
            isDone |= best == settings.End;
            tokens.Add(isDone ? SearchSettings.Pad : best);
        }

        return [.. tokens];
    }

    /// <summary>The best finished sequences of a text, with their scores.</summary>
    public IReadOnlyList<(int[] Tokens, double Score)> Beams(int[] prompt, int text)
    {
        List<(List<int> Tokens, double Sum)> beams = [.. Enumerable.Range(0, settings.Beams).Select(beam => (prompt.ToList(), beam == 0 ? 0.0 : -1e9))];
        List<(int[] Tokens, double Score)> finished = [];
        bool isDone = false;
        while (!isDone && beams[0].Tokens.Count < settings.Maximum)
        {
            int length = beams[0].Tokens.Count;
            (int Beam, int Token, double Sum)[] candidates = [.. beams.SelectMany((beam, index) => Ruled(LogSoftmax(Scores(beam.Tokens)), beam.Tokens, text, prompt.Length)
                .Select((value, token) => (Beam: index, Token: token, Sum: value + beam.Sum))).OrderByDescending(static candidate => candidate.Sum).Take(2 * settings.Beams)];
            List<(List<int>, double)> next = [];
            for (int rank = 0; rank < candidates.Length && next.Count < settings.Beams; rank++)
            {
                (int beam, int token, double sum) = candidates[rank];
                if (token != settings.End)
                {
                    next.Add(([.. beams[beam].Tokens, token], sum));
                }
                else if (rank < settings.Beams)
                {
                    Finish(finished, beams[beam].Tokens, sum);
                }
            }

            isDone = finished.Count == settings.Beams && (settings.StopsEarly || finished[^1].Score >= candidates[0].Sum / Math.Pow(length, settings.LengthPenalty ?? 1));
            beams = next;
        }

        foreach ((List<int> tokens, double sum) in isDone ? [] : beams)
        {
            Finish(finished, tokens, sum);
        }

        return [.. finished.Take(settings.Returned).Select(found => ((int[])[.. found.Tokens, .. Enumerable.Repeat(SearchSettings.Pad, settings.Maximum - found.Tokens.Length)], found.Score))];
    }

    private double[] Scores(IReadOnlyList<int> tokens)
    {
        double[] all = score(tokens);
        return settings.Vocabulary is { } count ? all[..count] : all;
    }

    private static double[] LogSoftmax(double[] scores)
    {
        double sum = Math.Log(scores.Sum(value => Math.Exp(value - scores.Max()))) + scores.Max();
        return [.. scores.Select(value => value - sum)];
    }

    private void Finish(List<(int[] Tokens, double Score)> finished, List<int> tokens, double sum)
    {
        double value = sum / Math.Pow(tokens.Count, settings.LengthPenalty ?? 1);
        int place = finished.FindIndex(known => known.Score < value);
        finished.Insert(place < 0 ? finished.Count : place, ([.. tokens], value));
        if (finished.Count > settings.Beams)
        {
            finished.RemoveAt(settings.Beams);
        }
    }

    private double[] Ruled(double[] given, IReadOnlyList<int> tokens, int text, int start)
    {
        double[] scores = [.. given];
        foreach (int token in tokens.Distinct())
        {
            scores[token] = scores[token] < 0 ? scores[token] * (settings.Penalty ?? 1) : scores[token] / (settings.Penalty ?? 1);
        }

        for (int begin = 0; settings.Phrase > 0 && begin + settings.Phrase <= tokens.Count; begin++)
        {
            int[] phrase = [.. tokens.Skip(begin).Take(settings.Phrase)];
            if (phrase[..^1].SequenceEqual(tokens.Skip(tokens.Count - settings.Phrase + 1)))
            {
                scores[phrase[^1]] = Forbidden;
            }
        }

        for (int token = 0; token < scores.Length; token++)
        {
            bool isForbidden = settings.VocabularyMask?[token] == 0 || (tokens.Count == start && settings.PrefixMask?[(text * scores.Length) + token] == 0)
                || (token == settings.End && tokens.Count < (settings.Minimum ?? 0));
            scores[token] = (isForbidden ? Forbidden : scores[token]) / (settings.Temperature ?? 1);
        }

        return settings.Times is { } times ? Timed(scores, tokens, times) : scores;
    }

    /// <summary>Times come in pairs around text, grow from one part to the next, and come where they are together likelier than each other token.</summary>
    private double[] Timed(double[] scores, IReadOnlyList<int> tokens, WhisperTokens special)
    {
        int[] times = [.. tokens.Where(special.IsTime)];
        int begin = Math.Min(tokens.Count, tokens.TakeWhile(token => !special.IsTime(token)).Count() + 1);
        bool last = special.IsTime(tokens[^1]), isPair = last && (tokens.Count == begin || special.IsTime(tokens[^2])), isOpen = last && !isPair;
        bool IsForbidden(int token) => token == special.None || token == special.LanguageModel
            || (tokens.Count > begin && (token == special.Transcript || token == special.Translate || token == special.Transcribe))
            || (isPair && special.IsTime(token))
            || (isOpen && token < settings.End)
            || (times.Length > 0 && special.IsTime(token) && token < times[^1] + (isOpen ? 0 : 1))
            || (tokens.Count == begin && token > special.First + WhisperTokens.LatestFirst);
        double[] allowed = [.. scores.Select((score, token) => IsForbidden(token) ? Forbidden : score)];
        double time = Math.Log(allowed.Skip(special.First).Sum(Math.Exp));
        return time > allowed.Take(special.First).Max() ? [.. allowed.Select((score, token) => special.IsTime(token) ? score : Forbidden)] : allowed;
    }
}
