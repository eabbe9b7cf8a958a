using System.Numerics.Tensors;
using Cameo.Vectors;

namespace Cameo.Generation;

/// <summary>
/// Chooses tokens from logits. Allocates once, for a vocabulary; nothing per token. Candidates are selected with heaps, never sorted whole.
/// </summary>
/// <remarks>
/// The order is that of onnxruntime-genai: repetition penalty, temperature, top-k, top-p. Of equal logits the smaller token comes first.
/// A seed gives the same tokens for the same logits, whatever was sampled before it was set.
/// </remarks>
public sealed class Sampler
{
    private readonly float[] _scores;
    private readonly float[] _weights;
    private readonly int[] _candidates;
    private readonly bool[] _isSeen;
    private readonly int[] _seen;
    private int _seenCount;
    private GenerationOptions _options = GenerationOptions.Default;
    private RandomSequence _random;

    /// <summary>Creates a greedy sampler.</summary>
    /// <param name="vocabularySize">Number of logits.</param>
    public Sampler(int vocabularySize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabularySize);
        VocabularySize = vocabularySize;
        _scores = new float[vocabularySize];
        _weights = new float[vocabularySize];
        _candidates = new int[vocabularySize];
        _isSeen = new bool[vocabularySize];
        _seen = new int[vocabularySize];
    }

    /// <summary>Number of logits.</summary>
    public int VocabularySize { get; }

    /// <summary>Starts a new sequence: forgets the tokens seen and starts the random numbers anew.</summary>
    /// <param name="options">How to choose.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option makes no sense.</exception>
    public void Start(GenerationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        _options = options;
        _random = new RandomSequence((ulong)(options.Seed ?? Random.Shared.NextInt64()));
        for (int index = 0; index < _seenCount; index++)
        {
            _isSeen[_seen[index]] = false;
        }

        _seenCount = 0;
    }

    /// <summary>Tells of tokens of the sequence, for the repetition penalty.</summary>
    /// <param name="tokens">Tokens of the prompt, or chosen ones.</param>
    /// <exception cref="ArgumentOutOfRangeException">A token that is not in the vocabulary.</exception>
    public void Accept(ReadOnlySpan<int> tokens)
    {
        foreach (int token in tokens)
        {
            if ((uint)token >= (uint)VocabularySize)
            {
                throw new ArgumentOutOfRangeException(nameof(tokens), token, $"The vocabulary has the tokens 0 to {VocabularySize - 1}.");
            }

            if (!_isSeen[token])
            {
                _isSeen[token] = true;
                _seen[_seenCount++] = token;
            }
        }
    }

    /// <summary>Chooses a token.</summary>
    /// <param name="logits">One number for each token of the vocabulary.</param>
    /// <returns>The token.</returns>
    /// <exception cref="ArgumentException">Another number of logits.</exception>
    /// <exception cref="ArithmeticException">A logit is NaN or positive infinity, or all are negative infinity: the model's arithmetic broke down.</exception>
    public int Sample(ReadOnlySpan<float> logits)
    {
        if (logits.Length != VocabularySize)
        {
            throw new ArgumentException($"The vocabulary has {VocabularySize} tokens, but {logits.Length} logits came.", nameof(logits));
        }

        ReadOnlySpan<float> scores = Penalize(logits);
        int best = TensorPrimitives.IndexOfMax(scores);
        if (!float.IsFinite(scores[best]))
        {
            throw new ArithmeticException($"The logits have no finite maximum: token {best} has {scores[best]}.");
        }

        if (_options.Temperature == 0 || _options.TopK == 1)
        {
            return best;
        }

        int count = _options.TopK > 0 && _options.TopK < VocabularySize ? SelectTopK(scores) : SelectAll(scores);
        double total = ComputeWeights(scores[best], count);
        if (_options.TopP < 1)
        {
            (count, total) = SelectTopP(count, total);
        }

        return Draw(count, total);
    }

    private ReadOnlySpan<float> Penalize(ReadOnlySpan<float> logits)
    {
        float penalty = _options.RepetitionPenalty;
        if (penalty == 1 || _seenCount == 0)
        {
            return logits;
        }

        logits.CopyTo(_scores);
        foreach (int token in _seen.AsSpan(0, _seenCount))
        {
            float score = _scores[token];
            _scores[token] = score > 0 ? score / penalty : score * penalty;
        }

        return _scores;
    }

    private int SelectAll(ReadOnlySpan<float> scores)
    {
        scores.CopyTo(_weights);
        for (int token = 0; token < _candidates.Length; token++)
        {
            _candidates[token] = token;
        }

        return scores.Length;
    }

    // A heap of the best k so far with the worst on top: almost every later score fails the one comparison with it.
    private int SelectTopK(ReadOnlySpan<float> scores)
    {
        int count = _options.TopK;
        scores[..count].CopyTo(_weights);
        for (int token = 0; token < count; token++)
        {
            _candidates[token] = token;
        }

        var heap = new CandidateHeap(_weights.AsSpan(0, count), _candidates.AsSpan(0, count), bestOnTop: false);
        heap.Build();
        for (int token = count; token < scores.Length; token++)
        {
            // Of equal scores the earlier token stays.
            if (scores[token] > _weights[0])
            {
                heap.ReplaceTop(scores[token], token);
            }
        }

        return count;
    }

    // Candidate scores become weights relative to the best one.
    private double ComputeWeights(float best, int count)
    {
        var action = new WeightAction { Weights = _weights.AsMemory(0, count), Best = best, Factor = 1 / _options.Temperature };
        VectorDispatch.Run(ref action);
        double total = 0;
        foreach (float weight in _weights.AsSpan(0, count))
        {
            total += weight;
        }

        return total;
    }

    // Tokens so unlikely that all of them together would not reach 1 - p can't be needed; the rest is put in order only as far as needed.
    private (int Count, double Total) SelectTopP(int count, double total)
    {
        double least = (1 - (double)_options.TopP) * total / count;
        int kept = 0;
        for (int index = 0; index < count; index++)
        {
            if (_weights[index] >= least)
            {
                _weights[kept] = _weights[index];
                _candidates[kept++] = _candidates[index];
            }
        }

        var heap = new CandidateHeap(_weights.AsSpan(0, kept), _candidates.AsSpan(0, kept), bestOnTop: true);
        heap.Build();
        double wanted = _options.TopP * total;
        double sum = 0;
        int taken = 0;
        while (taken < kept && sum < wanted)
        {
            sum += heap.MoveTopToEnd();
            taken++;
        }

        // The candidates taken now stand at the end, the best one last.
        _weights.AsSpan(kept - taken, taken).CopyTo(_weights);
        _candidates.AsSpan(kept - taken, taken).CopyTo(_candidates);
        return (taken, sum);
    }

    private int Draw(int count, double total)
    {
        double target = _random.NextDouble() * total;
        double sum = 0;
        int last = 0;
        for (int index = 0; index < count; index++)
        {
            if (_weights[index] > 0)
            {
                sum += _weights[index];
                last = index;
                if (sum > target)
                {
                    break;
                }
            }
        }

        return _candidates[last];
    }

    private struct WeightAction : IVectorAction
    {
        public Memory<float> Weights;
        public float Best;
        public float Factor;

        public readonly unsafe void Run<V>()
            where V : struct, IVector<V>
        {
            Span<float> weights = Weights.Span;
            fixed (float* data = weights)
            {
                int index = 0;
                for (; index + V.Count <= weights.Length; index += V.Count)
                {
                    V.Store(Weight(V.Load(data + index)), data + index);
                }

                for (; index < weights.Length; index++)
                {
                    data[index] = Weight(new ScalarFloat(data[index])).Value;
                }
            }
        }

        private readonly V Weight<V>(V score)
            where V : struct, IVector<V> => VectorMath.Exp((score - V.Broadcast(Best)) * V.Broadcast(Factor));
    }
}
