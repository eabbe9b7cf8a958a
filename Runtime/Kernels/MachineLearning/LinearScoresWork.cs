namespace Cameo.Kernels;

/// <summary>The work of <see cref="LinearScores"/>; an item is a row.</summary>
internal readonly unsafe struct LinearScoresWork(float* scores, long count, ScoreTransform transform, long* labels, long classes, long* chosen, float* results) : IMoveWork
{
    private readonly float* _scores = scores;
    private readonly long* _labels = labels;
    private readonly long* _chosen = chosen;
    private readonly float* _results = results;

    public void Run(long begin, long end)
    {
        for (long row = begin; row < end; row++)
        {
            float* scores = _scores + (row * count);
            if (_labels is null)
            {
                Write(scores, _results + (row * count));
                continue;
            }

            float* results = _results + (row * classes);
            _chosen[row] = _labels[count == 1 ? scores[0] > 0 ? 1 : 0 : Best(scores)];
            if (count == 1 && classes == 2)
            {
                WriteTwo(scores[0], results);
            }
            else
            {
                Write(scores, results);
            }
        }
    }

    private long Best(float* scores)
    {
        long best = 0;
        for (long index = 1; index < count; index++)
        {
            best = scores[index] > scores[best] ? index : best;
        }

        return best;
    }

    private void Write(float* scores, float* results)
    {
        Buffer.MemoryCopy(scores, results, count * sizeof(float), count * sizeof(float));

        // One score alone is transformed by PROBIT only, as ONNX Runtime has it.
        if (count > 1 || transform == ScoreTransform.Probit)
        {
            ScoreTransforms.Apply(transform, results, count);
        }
    }

    private void WriteTwo(float score, float* results)
    {
        if (transform == ScoreTransform.Probit)
        {
            results[1] = ScoreTransforms.Probit(score);
            results[0] = -results[1];
            return;
        }

        ScoreTransforms.WritePair(transform, complement: true, score, results);
    }
}
