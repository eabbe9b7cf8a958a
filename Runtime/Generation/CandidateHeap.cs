namespace Cameo.Generation;

/// <summary>A binary heap over scores and the tokens they belong to. Of equal scores the smaller token counts as the better one.</summary>
/// <param name="scores">Scores, reordered in place.</param>
/// <param name="tokens">Their tokens, reordered with them.</param>
/// <param name="bestOnTop">Whether the best or the worst candidate is kept on top.</param>
internal ref struct CandidateHeap(Span<float> scores, Span<int> tokens, bool bestOnTop)
{
    private readonly Span<float> _scores = scores;
    private readonly Span<int> _tokens = tokens;
    private int _count = scores.Length;

    /// <summary>Puts all candidates in heap order.</summary>
    public readonly void Build()
    {
        for (int index = (_count / 2) - 1; index >= 0; index--)
        {
            SiftDown(index);
        }
    }

    /// <summary>Replaces the candidate on top.</summary>
    public readonly void ReplaceTop(float score, int token)
    {
        _scores[0] = score;
        _tokens[0] = token;
        SiftDown(0);
    }

    /// <summary>Takes the candidate on top out of the heap and puts it behind its end.</summary>
    /// <returns>Its score.</returns>
    public float MoveTopToEnd()
    {
        _count--;
        (_scores[0], _scores[_count]) = (_scores[_count], _scores[0]);
        (_tokens[0], _tokens[_count]) = (_tokens[_count], _tokens[0]);
        SiftDown(0);
        return _scores[_count];
    }

    private readonly void SiftDown(int index)
    {
        while (true)
        {
            int top = index;
            int left = (2 * index) + 1;
            if (left < _count && IsAbove(left, top))
            {
                top = left;
            }

            if (left + 1 < _count && IsAbove(left + 1, top))
            {
                top = left + 1;
            }

            if (top == index)
            {
                return;
            }

            (_scores[index], _scores[top]) = (_scores[top], _scores[index]);
            (_tokens[index], _tokens[top]) = (_tokens[top], _tokens[index]);
            index = top;
        }
    }

    private readonly bool IsAbove(int index, int other)
    {
        bool isBetter = _scores[index] > _scores[other] || (_scores[index] == _scores[other] && _tokens[index] < _tokens[other]);
        return isBetter == bestOnTop;
    }
}
