using Cameo.States;
using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>The scores of an attention as a result of its own. Few models ask for them, so that they are computed apart from the attention, row by row.</summary>
public static unsafe class AttentionScores
{
    // Least multiply-adds of a thread; about 5 µs, below which a second thread does not pay off.
    private const double MinimumWorkPerThread = 128 * 1024;

    /// <summary>Computes the scores of all rows, heads and queries.</summary>
    /// <typeparam name="TScore">What is done to the scores before the softmax.</typeparam>
    /// <param name="workers">Threads to use; any number gives the same bits.</param>
    /// <param name="arguments">The attention; its value and output are not used; queries and keys are float32. Where keys are a session's cache, see <see cref="RequireWholeRows"/>.</param>
    /// <param name="modifier">The modifier.</param>
    /// <param name="stage">Up to where to compute.</param>
    /// <param name="scores">[batch, query heads, queries, keys], dense.</param>
    public static void Run<TScore>(Workers workers, in AttentionArguments arguments, TScore modifier, AttentionScoreStage stage, float* scores)
        where TScore : struct, IScoreModifier
    {
        var action = new DispatchAction<TScore> { Workers = workers, Arguments = arguments, Modifier = modifier, Stage = stage, Scores = scores };
        VectorDispatch.Run(ref action);
    }

    /// <summary>
    /// Refuses a run over a session's cache whose rows have padding: what the model calls columns of the scores are then no positions of the cache.
    /// </summary>
    /// <param name="node">The node, for the message.</param>
    /// <param name="state">The state, after its <c>Begin</c>.</param>
    /// <param name="keys">Columns of the scores.</param>
    /// <exception cref="NotSupportedException">A row has another number of tokens.</exception>
    public static void RequireWholeRows(string node, SequenceState state, nint keys)
    {
        ArgumentNullException.ThrowIfNull(state);
        for (int row = 0; row < state.Rows; row++)
        {
            if (state.TotalLengths[row] != keys)
            {
                throw new NotSupportedException($"{node}: scores of rows with padding are not supported; row {row} holds {state.TotalLengths[row]} tokens in {keys} columns.");
            }
        }
    }

    /// <summary><see cref="Run"/> with a given vector type.</summary>
    internal static void RunWith<V, TScore>(Workers workers, in AttentionArguments arguments, TScore modifier, AttentionScoreStage stage, float* scores)
        where V : struct, IVector<V>
        where TScore : struct, IScoreModifier
    {
        var work = new ScoreWork<V, TScore> { Arguments = arguments, Modifier = modifier, Stage = stage, Scores = scores };
        double rows = (double)arguments.Batch * arguments.QueryHeads * arguments.QueryLength;
        double parts = Math.Min(rows * arguments.KeyLength * arguments.HeadSize / MinimumWorkPerThread, Math.Min(workers.Count, rows));
        workers.Run(ref work, Math.Max((int)parts, 1));
    }

    private struct DispatchAction<TScore> : IVectorAction
        where TScore : struct, IScoreModifier
    {
        public Workers Workers;
        public AttentionArguments Arguments;
        public TScore Modifier;
        public AttentionScoreStage Stage;
        public float* Scores;

        public readonly void Run<V>()
            where V : struct, IVector<V> => RunWith<V, TScore>(Workers, Arguments, Modifier, Stage, Scores);
    }

    private struct ScoreWork<V, TScore> : IParallelWork
        where V : struct, IVector<V>
        where TScore : struct, IScoreModifier
    {
        public AttentionArguments Arguments;
        public TScore Modifier;
        public AttentionScoreStage Stage;
        public float* Scores;

        public readonly void Run(int part, int parts)
        {
            nint rows = Arguments.Batch * Arguments.QueryHeads * Arguments.QueryLength;
            for (nint row = part; row < rows; row += parts)
            {
                (nint pair, nint query) = Math.DivRem(row, Arguments.QueryLength);
                (nint batch, nint head) = Math.DivRem(pair, Arguments.QueryHeads);
                RunRow(batch, head, query, Scores + (row * Arguments.KeyLength));
            }
        }

        private readonly void RunRow(nint batch, nint head, nint query, float* scores)
        {
            float* left = (float*)Arguments.Query + (batch * Arguments.QueryBatchStride) + (head * Arguments.QueryHeadStride) + (query * Arguments.QuerySequenceStride);
            nint keyHead = head / (Arguments.QueryHeads / Arguments.KeyHeads);
            float* right = (float*)Arguments.Key + (batch * Arguments.KeyBatchStride) + (keyHead * Arguments.KeyHeadStride);
            for (nint key = 0; key < Arguments.KeyLength; key++)
            {
                scores[key] = Dot(left, right + (key * Arguments.KeySequenceStride), Arguments.HeadSize) * Arguments.Scale;
            }

            if (Stage >= AttentionScoreStage.Capped && Arguments.SoftCap != 0)
            {
                for (nint key = 0; key < Arguments.KeyLength; key++)
                {
                    scores[key] = Arguments.SoftCap * VectorMath.Tanh(new ScalarFloat(scores[key] / Arguments.SoftCap)).Value;
                }
            }

            if (Stage >= AttentionScoreStage.Masked)
            {
                Exclude(batch, head, query, scores);
            }

            if (Stage >= AttentionScoreStage.Weights)
            {
                Normalize(head, scores);
            }
        }

        private readonly void Exclude(nint batch, nint head, nint query, float* scores)
        {
            nint position = query + (Arguments.CausalOffsets == null ? Arguments.CausalOffset : Arguments.CausalOffsets[batch]);
            nint end = Arguments.KeyLengths == null ? Arguments.KeyLength : Arguments.KeyLengths[batch];
            end = Arguments.IsCausal ? Math.Min(end, position + 1) : end;
            nint first = Arguments.Window > 0 ? position + 1 - Arguments.Window : 0;
            for (nint key = 0; key < Arguments.KeyLength; key++)
            {
                scores[key] = key < first || key >= end ? float.NegativeInfinity : Modifier.Apply(new ScalarFloat(scores[key]), batch, head, query, key).Value;
            }
        }

        private readonly void Normalize(nint head, float* scores)
        {
            nint keys = Arguments.KeyLength;
            float maximum = Arguments.Sinks == null ? float.NegativeInfinity : Arguments.Sinks[head];
            for (nint key = 0; key < keys; key++)
            {
                maximum = MathF.Max(maximum, scores[key]);
            }

            if (maximum == float.NegativeInfinity)
            {
                new Span<float>(scores, (int)keys).Fill(Arguments.FullyMasked switch
                {
                    FullyMaskedRows.Zero => 0,
                    FullyMaskedRows.NaN => float.NaN,
                    _ => 1f / keys,
                });
                return;
            }

            float sum = Arguments.Sinks == null ? 0 : Exponential(Arguments.Sinks[head] - maximum);
            for (nint key = 0; key < keys; key++)
            {
                scores[key] = Exponential(scores[key] - maximum);
                sum += scores[key];
            }

            for (nint key = 0; key < keys; key++)
            {
                scores[key] /= sum;
            }
        }

        private static float Exponential(float value) => VectorMath.Exp(new ScalarFloat(value)).Value;

        private static float Dot(float* left, float* right, nint size)
        {
            V sum = V.Zero;
            nint element = 0;
            for (; element + V.Count <= size; element += V.Count)
            {
                sum = V.MultiplyAdd(V.Load(left + element), V.Load(right + element), sum);
            }

            return V.ReduceAdd(V.MultiplyAdd(V.LoadPartial(left + element, size - element), V.LoadPartial(right + element, size - element), sum));
        }
    }
}
