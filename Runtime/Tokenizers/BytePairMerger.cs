namespace Cameo.Tokenizers;

/// <summary>
/// Joins neighbouring tokens, always the pair whose joined piece has the highest score and of those the leftmost. The tokens form a linked
/// list, and a queue holds the pairs that can be joined, so that n tokens take O(n log n) steps.
/// </summary>
internal sealed class BytePairMerger
{
    private const int None = -1;

    private readonly Dictionary<(int Left, int Right), int> _joined;
    private readonly float[] _scores;
    private readonly List<int> _tokens;
    private readonly int[] _next;
    private readonly int[] _previous;
    private readonly PriorityQueue<Candidate, (float Order, int Position)> _queue = new();

    public BytePairMerger(List<int> tokens, Dictionary<(int Left, int Right), int> joined, float[] scores)
    {
        _joined = joined;
        _scores = scores;
        _tokens = tokens;
        _next = new int[tokens.Count];
        _previous = new int[tokens.Count];
        for (int position = 0; position < tokens.Count; position++)
        {
            _next[position] = position + 1 < tokens.Count ? position + 1 : None;
            _previous[position] = position - 1;
        }
    }

    /// <summary>Joins what can be joined.</summary>
    /// <param name="first">A token to put before the result.</param>
    public int[] Merge(int? first)
    {
        for (int position = 0; position + 1 < _tokens.Count; position++)
        {
            Enqueue(position);
        }

        int count = _tokens.Count;
        while (_queue.TryDequeue(out Candidate candidate, out (float Order, int Position) priority))
        {
            int left = priority.Position;
            int right = _next[left];

            // A candidate is out of date when one of its tokens was joined with another one since.
            if (right == None || _tokens[left] != candidate.Left || _tokens[right] != candidate.Right)
            {
                continue;
            }

            Join(left, right, candidate.Joined);
            count--;
        }

        int start = first.HasValue ? 1 : 0;
        var result = new int[count + start];
        if (first is { } value)
        {
            result[0] = value;
        }

        for (int index = start, position = 0; index < result.Length; index++, position = _next[position])
        {
            result[index] = _tokens[position];
        }

        return result;
    }

    private void Join(int left, int right, int joined)
    {
        _tokens[left] = joined;
        _tokens[right] = None;
        int next = _next[right];
        _next[left] = next;
        _next[right] = None;
        if (next != None)
        {
            _previous[next] = left;
            Enqueue(left);
        }

        if (_previous[left] != None)
        {
            Enqueue(_previous[left]);
        }
    }

    private void Enqueue(int left)
    {
        int right = _next[left];
        if (_joined.TryGetValue((_tokens[left], _tokens[right]), out int joined))
        {
            _queue.Enqueue(new Candidate(_tokens[left], _tokens[right], joined), (-_scores[joined], left));
        }
    }

    private readonly record struct Candidate(int Left, int Right, int Joined);
}
